import ByteStream
import Hashing
import JSON
import OCI

/// The cache of `--cache`: layers by the fingerprints of the trees that they were made from.
///
/// It has a file for each layer. Its name is the digest of the fingerprint and of the compressor's
/// text, and its content has a digest of itself. A damaged file is ignored.
public struct LayerCache: Sendable {
    /// The size limit, enough for some thousand layers.
    private static let byteLimit: Int64 = 4 << 20
    private static let version = "ocinoco layer 1"

    private let files: FileCache
    private let madeBy: [UInt8]
    private let trace: (@Sendable (String) -> Void)?

    /// - Parameters:
    ///   - madeBy: a text for the compressor of the layer; layers of other texts are not found.
    ///   - trace: called with the reason when a file is not used.
    public init(_ directory: Path, madeBy: [UInt8], trace: (@Sendable (String) -> Void)? = nil) {
        files = FileCache(directory, suffixes: [".layer"], byteLimit: LayerCache.byteLimit)
        self.madeBy = madeBy
        self.trace = trace
    }

    /// The layer that was made from the tree; nil when none is known.
    public func layer(of tree: TreeFingerprint) -> Descriptor? {
        guard tree.isSettled else { return nil }
        let key = key(tree)
        let name = name(key)
        do {
            guard let bytes = try files.read(name) else { return nil }
            if let layer = LayerCache.decode(bytes, key) {
                files.touch(name)
                return layer
            }
            trace?("\(files.path(name).quoted) is damaged and not used")
        } catch {
            trace?("cannot read \(files.path(name).quoted): \(error)")
        }
        return nil
    }

    /// Stores the layer that was made between two fingerprints of the tree, if they are equal.
    ///
    /// - Returns: false when they differ; then nothing is stored.
    /// - Throws: `StreamError`, `Errno`.
    public func keep(
        _ layer: Descriptor, before: TreeFingerprint, after: TreeFingerprint
    ) throws -> Bool {
        guard before.isSettled, before.digest == after.digest else { return false }
        let key = key(before)
        try files.keep(LayerCache.encode(layer, key), as: name(key))
        return true
    }

    private func key(_ tree: TreeFingerprint) -> Digest {
        Digest.of(Array("\(tree.digest)\n".utf8) + madeBy)
    }

    private func name(_ key: Digest) -> Path { Path("\(key.encoded).layer") }

    // MARK: Form

    /// The form of a file: a line with the digest of the rest; then version, key and descriptor as
    /// a line of JSON.
    static func encode(_ layer: Descriptor, _ key: Digest) -> [UInt8] {
        var object = JSONObject()
        object["version"] = .string(version)
        object["key"] = .string(key.description)
        object["layer"] = .object(layer.document)
        let text = object.serialized() + [UInt8(ascii: "\n")]
        return Array("\(Digest.of(text))\n".utf8) + text
    }

    /// - Returns: nil when it is damaged, of another version, or of another key.
    static func decode(_ bytes: [UInt8], _ key: Digest) -> Descriptor? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let text = Array(bytes[(end + 1)...])
        guard Digest.of(text).description.utf8.elementsEqual(bytes[..<end]) else { return nil }
        do throws(JSONError) {
            let field = JSONField(try JSON.parse(text))
            guard try field.required("version").string() == version,
                try field.required("key").string() == key.description
            else { return nil }
            return try Descriptor(field.required("layer"))
        } catch {
            return nil
        }
    }
}

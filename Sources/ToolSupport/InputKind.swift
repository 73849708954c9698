import ByteStream
import JSON
import OCI

/// Names the kind of an input where another kind is expected.
enum InputKind {
    /// The input that a tool expects.
    enum Expectation: String {
        case imageLines = "image lines"
        case descriptorLines = "descriptor lines"
    }

    /// Reads an input, and on failure names its kind when it is another kind that these tools pipe.
    ///
    /// - Throws: `InputError.wrongKind`, and what `read` throws.
    static func naming<Result>(
        _ bytes: [UInt8], _ path: Path, expecting expectation: Expectation,
        _ read: () throws -> Result
    ) throws -> Result {
        if let kind = binary(bytes) {
            throw InputError.wrongKind(path, found: kind, expected: expectation.rawValue)
        }
        do {
            return try read()
        } catch {
            guard let kind = document(bytes, expectation) else { throw error }
            throw InputError.wrongKind(path, found: kind, expected: expectation.rawValue)
        }
    }

    /// The kind of binary input, by its first bytes.
    private static func binary(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || isSkippableFrame(bytes) {
            return "a zstd layer"
        }
        if bytes.starts(with: [0x1F, 0x8B]) { return "a gzip layer" }
        if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A]) { return "an xz file" }
        if bytes.starts(with: "BZh".utf8) { return "a bzip2 file" }
        if bytes.dropFirst(257).starts(with: "ustar".utf8) { return "a tar" }
        if bytes.count >= 512, bytes.prefix(512).allSatisfy({ $0 == 0 }) { return "a tar" }
        if bytes.starts(with: "#mtree".utf8) { return "a snapshot" }
        return bytes.first.map { $0 == 0 } ?? false ? "binary data" : nil
    }

    private static func isSkippableFrame(_ bytes: [UInt8]) -> Bool {
        (bytes.first ?? 0) & 0xF0 == 0x50 && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }

    /// The kind of document in the first line, when it is another kind.
    private static func document(_ bytes: [UInt8], _ expectation: Expectation) -> String? {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count <= ImageLines.lineByteLimit else { return nil }
        let object: JSONObject
        do {
            object = try JSONField(JSON.parse(Array(line))).object()
        } catch {
            // The parser reports malformed lines.
            return nil
        }
        let isDescriptor = object["digest"] != nil && object["size"] != nil
        switch expectation {
        case .imageLines:
            if object["manifests"] != nil, object["layers"] == nil { return "an index" }
            if isDescriptor, object["config"] == nil { return "a descriptor line" }
            if object["rootfs"] != nil, object["layers"] == nil { return "the config of an image" }
        case .descriptorLines:
            if isDescriptor { return nil }
            if object["manifests"] != nil { return "an index" }
            if object["layers"] != nil, let config = object["config"]?.object {
                return config["data"] == nil ? "a manifest" : "an image line"
            }
            if object["rootfs"] != nil { return "the config of an image" }
        }
        return nil
    }
}

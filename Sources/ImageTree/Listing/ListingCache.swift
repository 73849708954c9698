import ByteStream
import Glibc
import Hashing
import OCI

/// A cache of listings of layers, by diffID, or by table and layer when only the table was read.
/// The listing for a key never changes.
///
/// A file proves that it is complete; an incomplete one is ignored. The cache never fails a run: a
/// listing that cannot be read or stored is made again.
public struct ListingCache: Sendable {
    /// The maximum total size of the files; the least recently used are removed first.
    static let byteLimit: Int64 = 256 << 20
    private static let magic = Array("OCILIST2".utf8)

    private let files: FileCache
    private let trace: @Sendable (String) -> Void

    /// - Parameters:
    ///   - directory: created when it is missing.
    ///   - trace: called with a message for each problem.
    public init(_ directory: Path, trace: @escaping @Sendable (String) -> Void = { _ in }) {
        files = FileCache(
            directory, suffixes: [".names", ".digests"], byteLimit: ListingCache.byteLimit)
        self.trace = trace
    }

    /// `$XDG_CACHE_HOME/ocinoco`, else `$HOME/.cache/ocinoco` where `$HOME` exists: the home of
    /// users without one, `/nonexistent`, must not come into being.
    ///
    /// - Returns: nil when neither variable is an absolute path.
    /// - Spec: XDG Base Directory Specification.
    public static func defaultDirectory() -> Path? {
        func variable(_ name: String) -> Path? {
            guard let value = getenv(name), value.pointee == CChar(UInt8(ascii: "/")) else {
                return nil
            }
            return Path(cString: value)
        }
        let home = variable("HOME").flatMap { path in
            path.withCString { access($0, F_OK) } == 0 ? path : nil
        }
        let cache = variable("XDG_CACHE_HOME") ?? home?.appending(".cache")
        return cache?.appending("ocinoco")
    }

    private func name(_ key: ListingKey, hasContentDigests: Bool) -> Path {
        Path(key.fileName + (hasContentDigests ? ".digests" : ".names"))
    }

    // MARK: Reading

    /// - Parameter hasContentDigests: whether digests of contents are required; a listing may have
    ///   them anyway.
    /// - Returns: nil without a complete listing.
    func listing(of key: ListingKey, hasContentDigests: Bool) -> LayerListing? {
        for candidate in hasContentDigests ? [true] : [false, true] {
            let name = name(key, hasContentDigests: candidate)
            guard let bytes = read(name) else { continue }
            if let listing = ListingCache.decode(bytes, key),
                listing.hasContentDigests == candidate
            {
                files.touch(name)
                return listing
            }
            trace("the listing \(files.path(name).quoted) is damaged and not used")
        }
        return nil
    }

    private func read(_ name: Path) -> [UInt8]? {
        do {
            return try files.read(name)
        } catch {
            trace("cannot read the listing \(files.path(name).quoted): \(error)")
            return nil
        }
    }

    // MARK: Writing

    /// Stores the listing of a layer whose diffID was verified, or of a table whose digest was
    /// verified.
    func keep(_ listing: LayerListing, of key: ListingKey) {
        let bytes = ListingCache.encode(listing, key)
        guard Int64(bytes.count) <= ListingCache.byteLimit / 4 else { return }
        do {
            try files.keep(bytes, as: name(key, hasContentDigests: listing.hasContentDigests))
        } catch {
            let reason = (error as? any Failure)?.message ?? "\(error)"
            trace("the listing of '\(key.text)' is not kept: \(reason)")
        }
    }

    // MARK: Form

    /// The magic, the text of the key, a flag for digests, the user files, the items, and the
    /// sha256 of all of these.
    static func encode(_ listing: LayerListing, _ key: ListingKey) -> [UInt8] {
        var bytes = magic
        bytes.append(text: Array(key.text.utf8))
        bytes.append(listing.hasContentDigests ? 1 : 0)
        bytes.append(number: UInt64(listing.userFiles.count))
        for (file, content) in listing.userFiles.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            bytes.append(file.rawValue)
            bytes.append(text: content)
        }
        bytes.append(number: UInt64(listing.count))
        bytes.append(text: listing.items)
        let digest = StreamingDigest()
        digest.update(bytes)
        return bytes + Array(digest.finalize().encoded.utf8)
    }

    /// - Returns: nil when it is damaged, or of another key.
    static func decode(_ bytes: [UInt8], _ key: ListingKey) -> LayerListing? {
        let digestByteCount = 64
        guard bytes.count > digestByteCount, bytes.starts(with: magic) else { return nil }
        let end = bytes.count - digestByteCount
        let digest = StreamingDigest()
        bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        guard digest.finalize().encoded.utf8.elementsEqual(bytes[end...]) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(
                UnsafeRawBufferPointer(rebasing: bytes[..<end]), offset: magic.count)
            do throws(ImageTreeError) {
                return try decode(&cursor, key)
            } catch {
                return nil
            }
        }
    }

    private static func decode(
        _ cursor: inout ByteCursor, _ key: ListingKey
    ) throws(ImageTreeError) -> LayerListing {
        guard try cursor.text().elementsEqual(key.text.utf8) else { throw .damaged }
        let hasContentDigests = try cursor.byte() == 1
        var userFiles: [UserFile: [UInt8]] = [:]
        for _ in 0..<(try cursor.count()) {
            guard let file = UserFile(rawValue: try cursor.byte()) else { throw .damaged }
            userFiles[file] = Array(try cursor.text())
        }
        let count = try cursor.count()
        let items = Array(try cursor.text())
        guard cursor.isAtEnd else { throw .damaged }
        var listing = LayerListing(
            items: items, count: count, hasContentDigests: hasContentDigests)
        listing.userFiles = userFiles
        listing.table = key.table
        return listing
    }
}

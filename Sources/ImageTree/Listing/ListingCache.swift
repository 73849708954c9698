import ByteStream
import Glibc
import Hashing
import OCI

/// Listings of layers that were made before, by diffID, or by table and layer where no more than the
/// table was read: what either holds never changes.
///
/// A file says of itself whether it is whole; one that is not is as good as none. Nothing here fails
/// a run: what cannot be read or kept is made again.
public struct ListingCache: Sendable {
    /// The most bytes that all files together have; those used longest ago go first.
    static let byteLimit: Int64 = 256 << 20
    private static let magic = Array("OCILIST1".utf8)

    private let directory: Path
    private let trace: @Sendable (String) -> Void

    /// - Parameters:
    ///   - directory: made when it is not there.
    ///   - trace: takes what went wrong, in words.
    public init(_ directory: Path, trace: @escaping @Sendable (String) -> Void = { _ in }) {
        self.directory = directory
        self.trace = trace
    }

    /// `$XDG_CACHE_HOME/ocinoco`, else `$HOME/.cache/ocinoco`.
    ///
    /// - Returns: nil when neither variable is an absolute path.
    /// - Spec: XDG Base Directory Specification.
    public static func defaultDirectory() -> Path? {
        func variable(_ name: String) -> Path? {
            guard let value = getenv(name), value.pointee == CChar(UInt8(ascii: "/")) else {
                return nil
            }
            return Path(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        }
        let cache = variable("XDG_CACHE_HOME") ?? variable("HOME")?.appending(".cache")
        return cache?.appending("ocinoco")
    }

    private func path(_ key: ListingKey, hasContentDigests: Bool) -> Path {
        directory.appending(Path(key.fileName + (hasContentDigests ? ".digests" : ".names")))
    }

    // MARK: Reading

    /// - Parameter hasContentDigests: whether digests of contents are wanted; they may be there
    ///   without that.
    /// - Returns: nil when there is none that is whole.
    func listing(of key: ListingKey, hasContentDigests: Bool) -> LayerListing? {
        for candidate in hasContentDigests ? [true] : [false, true] {
            let path = path(key, hasContentDigests: candidate)
            guard let bytes = read(path) else { continue }
            if let listing = ListingCache.decode(bytes, key),
                listing.hasContentDigests == candidate
            {
                _ = path.withCString { utimensat(AT_FDCWD, $0, nil, AT_SYMLINK_NOFOLLOW) }
                return listing
            }
            trace("the listing \(path.quoted) is damaged and not used")
        }
        return nil
    }

    private func read(_ path: Path) -> [UInt8]? {
        do throws(Errno) {
            let file = try path.withCString { (name) throws(Errno) in
                try FileDescriptor.open(
                    name, flags: O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode: 0)
            }
            defer { _ = Glibc.close(file.rawValue) }
            let status = try file.status()
            // Another user's file says what that user likes.
            guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
                status.st_size <= ListingCache.byteLimit
            else { return nil }
            var isWhole = false
            let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { space, count in
                do throws(Errno) {
                    count = try file.readFully(into: UnsafeMutableRawBufferPointer(space))
                    isWhole = count == Int(status.st_size)
                } catch {
                    count = 0
                }
            }
            return isWhole ? bytes : nil
        } catch {
            if error != .noEntry { trace("cannot read the listing \(path.quoted): \(error)") }
            return nil
        }
    }

    // MARK: Writing

    /// Keeps the listing of a layer that hashed to its diffID, or of a table that hashed to its digest.
    func keep(_ listing: LayerListing, of key: ListingKey) {
        let bytes = ListingCache.encode(listing, key)
        guard Int64(bytes.count) <= ListingCache.byteLimit / 4 else { return }
        do {
            try Directory.create(directory)
            let file = try AtomicFile(
                path(key, hasContentDigests: listing.hasContentDigests), mode: 0o600)
            try file.write(bytes)
            try file.commit()
            try prune()
        } catch {
            let reason = (error as? any Failure)?.message ?? "\(error)"
            trace("the listing of '\(key.text)' is not kept: \(reason)")
        }
    }

    /// Removes the files used longest ago while there are too many bytes.
    private func prune() throws(Errno) {
        var files: [(path: Path, time: timespec, size: Int64)] = []
        for name in try Directory.names(in: directory) {
            let isListing = [".names", ".digests"].contains {
                name.bytes.reversed().starts(with: $0.utf8.reversed())
            }
            guard isListing else { continue }
            let path = directory.appending(name)
            var status = stat()
            guard path.withCString({ lstat($0, &status) }) == 0 else { continue }
            files.append((path, status.st_mtim, Int64(status.st_size)))
        }
        var total = files.reduce(0) { $0 + $1.size }
        files.sort { ($0.time.tv_sec, $0.time.tv_nsec) < ($1.time.tv_sec, $1.time.tv_nsec) }
        for file in files where total > ListingCache.byteLimit {
            _ = file.path.withCString { unlink($0) }
            total -= file.size
        }
    }

    // MARK: Form

    /// The magic, the text of the key, whether there are digests, the user files, the items, and the sha256 of
    /// all that.
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

    /// - Returns: nil for what is damaged, or of another layer.
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

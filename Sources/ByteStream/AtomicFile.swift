import CSystem
import Glibc

/// A file that gets its name only when it is complete.
///
/// The bytes are written to an unnamed file, or to a temporary name in the same directory when the
/// file system does not support unnamed files. `commit()` synchronises and renames the file.
/// Without a commit, nothing is left. A device, FIFO or socket is never replaced.
public final class AtomicFile: ByteSink {
    public let path: Path
    private let temporary: Path
    private var file: OwnedDescriptor?
    /// Whether `temporary` exists in the directory.
    private var isNamed: Bool

    /// - Parameter path: its final name, unless `commit(as:)` sets another; also its name in
    ///   messages.
    /// - Throws: `StreamError.create`; `.notReplaced` for a name that `commit()` would refuse.
    public init(_ path: Path, mode: UInt32 = 0o666) throws(StreamError) {
        try AtomicFile.checkReplaceable(path)
        self.path = path
        temporary = AtomicFile.temporaryName(beside: path)
        do {
            if let file = try AtomicFile.openUnnamed(beside: path, mode: mode) {
                self.file = file
                isNamed = false
            } else {
                file = try OwnedDescriptor(
                    temporary, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    mode: mode)
                isNamed = true
            }
        } catch {
            throw .create(path: path, error)
        }
    }

    /// The open file; nil after `commit()`.
    public var opened: OwnedDescriptor? { file }

    deinit {
        if isNamed { _ = temporary.withCString { unlink($0) } }
    }

    /// - Throws: `StreamError.write`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        guard let file else { preconditionFailure("the file was committed") }
        do {
            try file.descriptor.writeAll(bytes)
        } catch {
            throw .write(path: path, error)
        }
    }

    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawBytes { (bytes) throws(StreamError) in try write(bytes) }
    }

    /// Makes the file durable and gives it its name, replacing a file of that name.
    ///
    /// - Parameter destination: another final name in the same directory; nil means `path`.
    /// - Throws: `StreamError.write`, `.create` or `.notReplaced`; then the name is unchanged.
    public func commit(as destination: Path? = nil) throws(StreamError) {
        let name = destination ?? path
        guard let file else { preconditionFailure("the file was committed") }
        do {
            try file.descriptor.synchronize()
        } catch {
            throw .write(path: path, error)
        }
        if !isNamed {
            // linkat(2) does not replace a name, rename(2) does: the file gets a name of its own
            // first.
            let result = file.procPath.withCString { from in
                temporary.withCString { linkat(AT_FDCWD, from, AT_FDCWD, $0, AT_SYMLINK_FOLLOW) }
            }
            guard result == 0 else { throw .create(path: name, Errno.current) }
            isNamed = true
        }
        try AtomicFile.checkReplaceable(name)
        let result = temporary.withCString { from in name.withCString { rename(from, $0) } }
        guard result == 0 else { throw .create(path: name, Errno.current) }
        isNamed = false
        self.file = nil
        try AtomicFile.synchronizeDirectory(of: name)
    }

    /// Checks that a name is free, or that of a regular file or symbolic link. rename(2) fails for a
    /// directory, but replaces devices, FIFOs and sockets.
    ///
    /// - Throws: `StreamError.notReplaced`.
    public static func checkReplaceable(_ path: Path) throws(StreamError) {
        switch path.fileType(followingLink: false) {
        case nil, S_IFREG, S_IFLNK, S_IFDIR: return
        default: throw .notReplaced(path: path)
        }
    }

    /// Opens an unnamed file, which disappears when the process ends for any reason.
    ///
    /// - Returns: nil when the file system does not support it, or the file could not get a name
    ///   later.
    /// - Spec: open(2), `O_TMPFILE`.
    private static func openUnnamed(
        beside path: Path, mode: UInt32
    ) throws(Errno) -> OwnedDescriptor? {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor(
                path.directory, flags: system_O_TMPFILE | O_RDWR | O_CLOEXEC, mode: mode)
        } catch {
            // Kernels that do not support the flag return the last two.
            if [EOPNOTSUPP, EISDIR, EINVAL].contains(error.rawValue) { return nil }
            throw error
        }
        return file.procPath.withCString({ access($0, F_OK) }) == 0 ? file : nil
    }

    /// Makes a rename in the directory of `path` durable.
    static func synchronizeDirectory(of path: Path) throws(StreamError) {
        do {
            try Directory.synchronize(path.directory)
        } catch {
            throw .write(path: path, error)
        }
    }

    /// Whether a name is that of a temporary file, which an interrupted run may leave.
    public static func isTemporary(_ name: Path) -> Bool {
        let parts = name.bytes.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // An empty part, the name, which may have dots, the process id, the random bits, `tmp`.
        return parts.count >= 5 && parts[0].isEmpty
            && parts[parts.count - 1].elementsEqual("tmp".utf8)
            && !parts[parts.count - 2].isEmpty && !parts[parts.count - 3].isEmpty
            && parts[parts.count - 3].allSatisfy { ($0 >= 0x30 && $0 <= 0x39) }
    }

    /// A name in the same directory that no other process uses: the process id and 64 random bits.
    static func temporaryName(beside path: Path) -> Path {
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let name = ".\(path.name).\(getpid()).\(unique).tmp"
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) else { return Path(name) }
        return Path(path.bytes[...slash] + Array(name.utf8))
    }
}

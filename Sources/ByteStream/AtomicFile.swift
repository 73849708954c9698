import CSystem
import Glibc

/// A file that has its name only when it is whole.
///
/// The bytes go to a temporary name in the same directory; `commit()` synchronises them and renames.
/// Dropped without a commit, nothing is left.
public final class AtomicFile {
    public let path: Path
    private let temporary: Path
    private let descriptor: FileDescriptor
    private var finished = false

    /// - Throws: `StreamError.create`.
    public init(_ path: Path, mode: UInt32 = 0o666) throws(StreamError) {
        self.path = path
        temporary = AtomicFile.temporaryName(beside: path)
        do {
            descriptor = try temporary.withCString { (name) throws(Errno) in
                try FileDescriptor.open(
                    name, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode: mode)
            }
        } catch {
            throw .create(path: path, error)
        }
    }

    deinit {
        guard !finished else { return }
        _ = temporary.withCString { unlink($0) }
        _ = Glibc.close(descriptor.rawValue)
    }

    /// - Throws: `StreamError.write`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw .write(path: path, error)
        }
    }

    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawBytes { (bytes) throws(StreamError) in try write(bytes) }
    }

    /// Makes the file last and gives it its name, in place of what had it.
    ///
    /// - Parameter destination: another final name in the same directory; nil means `path`.
    /// - Throws: `StreamError.write` or `.create`; the name is then as it was.
    public func commit(as destination: Path? = nil) throws(StreamError) {
        let name = destination ?? path
        do {
            try descriptor.synchronize()
        } catch {
            throw .write(path: path, error)
        }
        let result = temporary.withCString { from in name.withCString { rename(from, $0) } }
        guard result == 0 else { throw .create(path: name, Errno.current) }
        finished = true
        _ = Glibc.close(descriptor.rawValue)
        try AtomicFile.synchronizeDirectory(of: name)
    }

    /// Makes a rename in the directory of `path` last.
    static func synchronizeDirectory(of path: Path) throws(StreamError) {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
        let directory: Path = slash.map { $0 == 0 ? "/" : Path(path.bytes[..<$0]) } ?? "."
        do {
            let descriptor = try directory.withCString { (name) throws(Errno) in
                try FileDescriptor.open(
                    name, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
            }
            defer { _ = Glibc.close(descriptor.rawValue) }
            try descriptor.synchronize()
        } catch {
            throw .write(path: path, error)
        }
    }

    /// A name in the same directory that no other process uses: the process id and 64 random bits.
    static func temporaryName(beside path: Path) -> Path {
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let name = ".\(path.name).\(getpid()).\(unique).tmp"
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) else { return Path(name) }
        return Path(path.bytes[...slash] + Array(name.utf8))
    }
}

import CSystem
import Glibc

/// Files of directories that others made. Where a document or blob should be, a FIFO would be waited
/// for without end, and to open a device does something: neither is opened.
public enum RegularFile {
    /// What keeps a file that was replaced meanwhile from being waited for.
    private static let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY

    /// Opens the regular file that `path` leads to, for reading.
    ///
    /// - Throws: `StreamError.open`; `.notRegularFile` for what it was not opened for.
    public static func open(_ path: Path) throws(StreamError) -> FileDescriptor {
        try open(path) { (flags) throws(Errno) in
            try path.withCString { (path) throws(Errno) in
                try FileDescriptor.open(path, flags: flags, mode: 0)
            }
        }
    }

    /// The same in a root that nothing leads out of.
    ///
    /// - Parameter subject: what messages call the file.
    public static func open(
        _ path: Path, in root: ConfinedRoot, subject: Path
    ) throws(StreamError) -> FileDescriptor {
        try open(subject) { (flags) throws(Errno) in
            // The caller closes it: a descriptor of its own.
            let file = try root.open(path, flags: flags)
            return try withExtendedLifetime(file) { () throws(Errno) in
                FileDescriptor(
                    rawValue: try retryingInterrupts { fcntl(file.rawValue, F_DUPFD_CLOEXEC, 0) })
            }
        }
    }

    /// All of a small one.
    ///
    /// - Throws: what `open` throws, `StreamError.read`, and `.tooLarge` beyond `limit` bytes.
    public static func read(_ path: Path, limit: Int) throws(StreamError) -> [UInt8] {
        try read(open(path), path, limit: limit)
    }

    /// The same in a root.
    public static func read(
        _ path: Path, in root: ConfinedRoot, subject: Path, limit: Int
    ) throws(StreamError) -> [UInt8] {
        try read(open(path, in: root, subject: subject), subject, limit: limit)
    }

    /// Passes part of a file to a sink.
    ///
    /// - Throws: what `open` throws, `StreamError.read` also where the file ends too early; what the
    ///   sink throws.
    public static func read(
        _ path: Path, _ range: Range<Int64>, into sink: any ByteSink
    ) throws {
        let file = try open(path)
        defer { _ = Glibc.close(file.rawValue) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(readByteCount, range.count), alignment: 4096)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let space = buffer.prefix(Int(min(range.upperBound - offset, Int64(buffer.count))))
            let count: Int
            do throws(Errno) {
                count = try retryingInterrupts {
                    pread(file.rawValue, space.base.baseAddress, space.count, off_t(offset))
                }
            } catch {
                throw StreamError.read(path: path, error)
            }
            if count == 0 { throw StreamError.read(path: path, Errno(rawValue: EIO)) }
            try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
    }

    private static func read(
        _ descriptor: FileDescriptor, _ subject: Path, limit: Int
    ) throws(StreamError) -> [UInt8] {
        defer { _ = Glibc.close(descriptor.rawValue) }
        guard let bytes = try InputStream(descriptor, path: subject).readAll(limit: limit) else {
            throw .tooLarge(path: subject, limit: limit)
        }
        return bytes
    }

    /// - Parameter open: opens the file with flags, first only to look at it.
    private static func open(
        _ subject: Path, _ open: (CInt) throws(Errno) -> FileDescriptor
    ) throws(StreamError) -> FileDescriptor {
        let descriptor: FileDescriptor?
        do throws(Errno) {
            let look = try open(system_O_PATH | O_CLOEXEC)
            defer { _ = Glibc.close(look.rawValue) }
            descriptor = try isRegular(look) ? open(flags) : nil
        } catch {
            throw .open(path: subject, error)
        }
        guard let descriptor else { throw .notRegularFile(path: subject) }
        do throws(Errno) {
            if try isRegular(descriptor) { return descriptor }
        } catch {
            _ = Glibc.close(descriptor.rawValue)
            throw .open(path: subject, error)
        }
        _ = Glibc.close(descriptor.rawValue)
        throw .notRegularFile(path: subject)
    }

    /// - Throws: `Errno.isDirectory` for a directory.
    private static func isRegular(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
        switch try descriptor.status().st_mode & S_IFMT {
        case S_IFREG: return true
        case S_IFDIR: throw .isDirectory
        default: return false
        }
    }
}

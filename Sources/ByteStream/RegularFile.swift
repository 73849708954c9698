import CSystem
import Glibc

/// Opens only regular files, in directories by others. In the place of a document or blob, opening
/// a FIFO could wait forever, and opening a device may have side effects.
public enum RegularFile {
    /// Flags that prevent waiting for a file that was replaced meanwhile.
    private static let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY

    /// Opens the regular file at `path` for reading.
    ///
    /// - Throws: `StreamError.open`; `.notRegularFile` for another type, which was not opened.
    public static func open(_ path: Path) throws(StreamError) -> OwnedDescriptor {
        try open(path) { (flags) throws(Errno) in try OwnedDescriptor(path, flags: flags) }
    }

    /// The same in a root; no path leads out of it.
    ///
    /// - Parameter subject: the name of the file in messages.
    public static func open(
        _ path: Path, in root: ConfinedRoot, subject: Path
    ) throws(StreamError) -> OwnedDescriptor {
        try open(subject) { (flags) throws(Errno) in try root.open(path, flags: flags) }
    }

    /// Reads a small file whole.
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

    /// Writes part of a file to a sink.
    ///
    /// - Throws: what `open` throws, `StreamError.read`, also when the file ends too early; what
    ///   the sink throws.
    public static func read(
        _ path: Path, _ range: Range<Int64>, into sink: any ByteSink
    ) throws {
        let file = try open(path)
        defer { withExtendedLifetime(file) {} }
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

    /// Reads an open file whole.
    ///
    /// - Parameter subject: the name of the file in messages.
    /// - Throws: `StreamError.read`, `.tooLarge`.
    public static func read(
        _ file: OwnedDescriptor, _ subject: Path, limit: Int
    ) throws(StreamError) -> [UInt8] {
        try withExtendedLifetime(file) { () throws(StreamError) in
            guard
                let bytes = try InputStream(file.descriptor, path: subject).readAll(limit: limit)
            else { throw .tooLarge(path: subject, limit: limit) }
            return bytes
        }
    }

    /// - Parameter open: opens the file with given flags; called first with `O_PATH` to check the
    ///   type.
    private static func open(
        _ subject: Path, _ open: (CInt) throws(Errno) -> OwnedDescriptor
    ) throws(StreamError) -> OwnedDescriptor {
        do throws(Errno) {
            if try isRegular(open(system_O_PATH | O_CLOEXEC)) {
                let file = try open(flags)
                if try isRegular(file) { return file }
            }
        } catch {
            throw .open(path: subject, error)
        }
        throw .notRegularFile(path: subject)
    }

    /// - Throws: `Errno.isDirectory` for a directory.
    private static func isRegular(_ file: OwnedDescriptor) throws(Errno) -> Bool {
        let status = try withExtendedLifetime(file) { () throws(Errno) in
            try file.descriptor.status()
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return true
        case S_IFDIR: throw .isDirectory
        default: return false
        }
    }
}

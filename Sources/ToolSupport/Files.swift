import ByteStream
import CSystem
import Glibc

extension InputStream {
    /// Opens a file for reading.
    ///
    /// - Throws: `StreamError.open`.
    public convenience init(opening path: Path) throws(StreamError) {
        do {
            self.init(try OwnedDescriptor(reading: path), path: path)
        } catch {
            throw .open(path: path, error)
        }
    }
}

/// Reads a small file whole.
///
/// - Throws: `StreamError.open` and `.read`, `InputError.tooLarge` beyond `limit` bytes.
public func readWholeFile(_ path: Path, limit: Int = 16 << 20) throws -> [UInt8] {
    let input = try InputStream(opening: path)
    guard let bytes = try input.readAll(limit: limit) else {
        throw InputError.tooLarge(path, limit: limit)
    }
    return bytes
}

/// Reads a small file whole, which must not be empty.
///
/// - Throws: what `readWholeFile` throws, and `InputError.empty`.
public func readFile(_ path: Path, limit: Int) throws -> [UInt8] {
    let bytes = try readWholeFile(path, limit: limit)
    if bytes.isEmpty { throw InputError.empty(path) }
    return bytes
}

/// An output file that the user names, and that gets its name when it is complete.
///
/// Until then, an existing file of that name stays. Anything but a regular file (a symbolic link,
/// `/dev/fd/3`, a FIFO) is opened at once and written in place.
public final class OutputFile: ByteSink {
    private enum Target {
        case file(AtomicFile)
        case stream(OutputStream, OwnedDescriptor)
    }

    private let target: Target

    /// - Throws: `StreamError.create`.
    public init(_ path: Path) throws(StreamError) {
        guard let type = path.fileType(followingLink: false), type != S_IFREG else {
            target = .file(try AtomicFile(path))
            return
        }
        do {
            let file = try OwnedDescriptor(writingInPlace: path)
            target = .stream(OutputStream(file.descriptor, path: path), file)
        } catch {
            throw .create(path: path, error)
        }
    }

    /// - Throws: `StreamError.write`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        switch target {
        case .file(let file): try file.write(bytes)
        case .stream(let stream, _): try stream.write(bytes)
        }
    }

    /// Gives the file its name. Call it once, last.
    ///
    /// - Throws: `StreamError`.
    public func commit() throws(StreamError) {
        if case .file(let file) = target { try file.commit() }
    }
}

/// An output file that is written at the end of a run, all at once.
///
/// An existing regular file is removed at the start, so that a failed run leaves no line of an
/// earlier run. Anything else is opened at once.
public final class ReplacedFile {
    private let file: OutputFile

    /// - Throws: `StreamError.create`.
    public init(_ path: Path) throws(StreamError) {
        file = try OutputFile(path)
        if path.fileType(followingLink: false) == S_IFREG, path.withCString({ unlink($0) }) == -1 {
            throw .create(path: path, Errno.current)
        }
    }

    /// Writes the file. Call it once, last.
    ///
    /// - Throws: `StreamError`.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawBytes { (bytes) throws(StreamError) in try file.write(bytes) }
        try file.commit()
    }
}

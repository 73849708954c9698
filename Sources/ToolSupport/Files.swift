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

/// All of a small file that the user wrote.
///
/// - Throws: `StreamError.open` and `.read`, `InputError.tooLarge` beyond `limit` bytes.
public func readWholeFile(_ path: Path, limit: Int = 16 << 20) throws -> [UInt8] {
    let input = try InputStream(opening: path)
    guard let bytes = try input.readAll(limit: limit) else {
        throw InputError.tooLarge(path, limit: limit)
    }
    return bytes
}

/// All of a small file that must not be empty.
///
/// - Throws: what `readWholeFile` throws, and `InputError.empty`.
public func readFile(_ path: Path, limit: Int) throws -> [UInt8] {
    let bytes = try readWholeFile(path, limit: limit)
    if bytes.isEmpty { throw InputError.empty(path) }
    return bytes
}

/// A file that is written at the end of a run, in one piece.
///
/// A file that had the name is removed at the start, so that a run that fails leaves no line of an
/// earlier one. A name that is not a regular file's (`/dev/fd/3`, a FIFO) is opened at once.
public final class ReplacedFile {
    private enum Target {
        case file(AtomicFile)
        case stream(OutputStream, OwnedDescriptor)
    }

    private let target: Target

    /// - Throws: `StreamError.create`.
    public init(_ path: Path) throws(StreamError) {
        var status = stat()
        let isThere = path.withCString { lstat($0, &status) } == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            do {
                let file = try OwnedDescriptor(
                    path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode: 0o666)
                target = .stream(OutputStream(file.descriptor, path: path), file)
            } catch {
                throw .create(path: path, error)
            }
            return
        }
        target = .file(try AtomicFile(path))
        if isThere, path.withCString({ unlink($0) }) == -1 {
            throw .create(path: path, Errno.current)
        }
    }

    /// Writes the file. Call it once, last.
    ///
    /// - Throws: `StreamError`.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        switch target {
        case .file(let file):
            try file.write(bytes)
            try file.commit()
        case .stream(let stream, _):
            try stream.write(bytes)
        }
    }
}

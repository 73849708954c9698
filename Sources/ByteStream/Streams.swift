import Glibc

/// A stream of bytes to read from, whose implementation verifies the end.
public protocol ByteSource: AnyObject {
    /// Fills part of `buffer` and returns the number of bytes; 0 means the end.
    ///
    /// - Throws: an error of the source, after which it must not be read again. A source with
    ///   incomplete bytes throws instead of returning 0.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// A destination to which bytes are written in order.
public protocol ByteSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// Collects bytes in memory, up to a limit.
public final class MemorySink: ByteSink {
    public private(set) var bytes: [UInt8] = []
    private let limit: Int
    private let subject: Path

    /// - Parameter subject: the name of the bytes in messages.
    public init(limit: Int, subject: Path) {
        self.limit = limit
        self.subject = subject
    }

    /// - Throws: `StreamError.tooLarge`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        guard bytes.count <= limit - self.bytes.count else {
            throw .tooLarge(path: subject, limit: limit)
        }
        self.bytes.append(contentsOf: bytes)
    }
}

/// A file as a source.
public final class InputStream: ByteSource {
    public let descriptor: FileDescriptor
    public let path: Path
    /// The number of bytes read so far.
    public private(set) var byteCount: Int64 = 0
    private var owner: OwnedDescriptor?

    /// - Parameters:
    ///   - file: closed with the stream.
    ///   - path: the name of this input in messages.
    public convenience init(_ file: OwnedDescriptor, path: Path) {
        self.init(file.descriptor, path: path)
        owner = file
    }

    /// - Parameter path: the name of this input in messages.
    public init(_ descriptor: FileDescriptor = .standardInput, path: Path = .standardInput) {
        self.descriptor = descriptor
        self.path = path
        descriptor.enlargePipe()
    }

    /// - Throws: `StreamError.read`.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(StreamError) -> Int {
        do {
            let count = try descriptor.read(into: buffer)
            byteCount += Int64(count)
            if descriptor == .standardInput { StandardStreams.noteInput(byteCount) }
            return count
        } catch {
            throw .read(path: path, error)
        }
    }

    /// Reads to the end, and passes each part to `body`.
    ///
    /// - Parameter failure: converts an error of reading to one of `body`'s type.
    /// - Throws: what `body` throws, and the converted `StreamError.read`.
    public func readParts<E: Error>(
        of byteCount: Int = readByteCount, failure: (StreamError) -> E,
        _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: byteCount, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do {
                count = try read(into: buffer)
            } catch {
                throw failure(error)
            }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Reads a small file whole.
    ///
    /// - Throws: `StreamError.open`, `.read`, and `.tooLarge` beyond `limit` bytes.
    public static func readFile(_ path: Path, limit: Int) throws(StreamError) -> [UInt8] {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor(reading: path)
        } catch {
            throw .open(path: path, error)
        }
        guard let bytes = try InputStream(file, path: path).readAll(limit: limit) else {
            throw .tooLarge(path: path, limit: limit)
        }
        return bytes
    }

    /// Reads everything up to the end.
    ///
    /// - Returns: nil when there is more than `limit`.
    public func readAll(limit: Int) throws(StreamError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return bytes }
            if bytes.count + count > limit { return nil }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}

/// Bytes in memory as a source.
public final class MemorySource: ByteSource {
    private var rest: ArraySlice<UInt8>

    public init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, rest.count)
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }
}

/// A descriptor as a sink, unbuffered.
public final class OutputStream: ByteSink {
    public let descriptor: FileDescriptor
    public let path: Path

    public init(_ descriptor: FileDescriptor = .standardOutput, path: Path = .standardOutput) {
        self.descriptor = descriptor
        self.path = path
        descriptor.enlargePipe()
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
}

import Glibc

/// A stream of bytes that is pulled, and whose end is proved by whoever made it.
public protocol ByteSource: AnyObject {
    /// Fills part of `buffer` and returns how much; 0 means the end.
    ///
    /// - Throws: what is wrong with the bytes; a source that throws must not be read again. A source
    ///   that knows its bytes to be incomplete throws where another would return 0.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// A place that bytes are pushed to, in order.
public protocol ByteSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// Bytes gathered in memory, up to a limit.
public final class MemorySink: ByteSink {
    public private(set) var bytes: [UInt8] = []
    private let limit: Int
    private let subject: Path

    /// - Parameter subject: what messages call the bytes.
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
    /// How many bytes were read so far.
    public private(set) var byteCount: Int64 = 0
    private var owner: OwnedDescriptor?

    /// - Parameters:
    ///   - file: closed with the stream.
    ///   - path: what messages call this input.
    public convenience init(_ file: OwnedDescriptor, path: Path) {
        self.init(file.descriptor, path: path)
        owner = file
    }

    /// - Parameter path: what messages call this input.
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

    /// All of a file that is small.
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

    /// Everything up to the end, refused beyond `limit` bytes.
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

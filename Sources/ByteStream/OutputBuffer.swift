/// A buffered output, which is written in buffers of 1 MiB.
///
/// The rest is not written automatically: without `flush()` the output is incomplete, so a failed
/// run leaves its stream without an end.
public final class OutputBuffer {
    public let descriptor: FileDescriptor
    public let path: Path
    /// The total number of appended bytes, written or not.
    public private(set) var byteCount: Int64 = 0
    /// The total time of write calls: the time that the reader of a pipe made this process wait.
    public private(set) var blockedTime = Duration.zero
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0

    /// - Parameter path: the name of the output in messages.
    public init(
        _ descriptor: FileDescriptor = .standardOutput, path: Path = .standardOutput,
        capacity: Int = bufferByteCount
    ) {
        self.descriptor = descriptor
        self.path = path
        buffer = .allocate(byteCount: capacity, alignment: 4096)
        descriptor.enlargePipe()
    }

    deinit {
        buffer.deallocate()
    }

    /// Appends `bytes`; writes when the buffer is full.
    ///
    /// - Throws: `StreamError.write`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let space = try freeSpace(atLeast: 1)
            let count = min(space.count, rest.count)
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            advance(by: count)
            rest = rest.dropFirst(count)
        }
    }

    /// Appends bytes; they are written when the buffer is full.
    public func append(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawBytes { (bytes) throws(StreamError) in try append(bytes) }
    }

    /// Appends `count` zero bytes.
    public func appendZeros(_ count: Int) throws(StreamError) {
        var rest = count
        while rest > 0 {
            let space = try freeSpace(atLeast: 1)
            let part = min(space.count, rest)
            UnsafeMutableRawBufferPointer(rebasing: space[..<part])
                .initializeMemory(as: UInt8.self, repeating: 0)
            advance(by: part)
            rest -= part
        }
    }

    /// The free part of the buffer, to be filled in place and then accepted with `advance(by:)`.
    ///
    /// - Parameter count: the required number of free bytes, at most the buffer's capacity;
    ///   buffered bytes are written if needed.
    public func freeSpace(atLeast count: Int) throws(StreamError) -> UnsafeMutableRawBufferPointer {
        precondition(count <= buffer.count)
        if buffer.count - filled < count { try flush() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    }

    /// Accepts `count` bytes that were written to the start of `freeSpace`.
    public func advance(by count: Int) {
        precondition(filled + count <= buffer.count)
        filled += count
        byteCount += Int64(count)
    }

    /// Writes the buffered bytes.
    public func flush() throws(StreamError) {
        guard filled > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        filled = 0
        let start = ContinuousClock.now
        defer { blockedTime += ContinuousClock.now - start }
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw .write(path: path, error)
        }
    }
}

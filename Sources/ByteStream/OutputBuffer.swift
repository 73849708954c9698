/// A buffered output: bytes gather in 1 MiB and leave in whole buffers.
///
/// Nothing leaves by itself at the end: an output that was not flushed was not finished, which is
/// how a failed run leaves its stream without an end.
public final class OutputBuffer {
    public let descriptor: FileDescriptor
    public let path: Path
    /// How many bytes were put in since the beginning, written or not.
    public private(set) var byteCount: Int64 = 0
    /// How long writing took so far: what the reader at the other end made us wait.
    public private(set) var blockedTime = Duration.zero
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0

    /// - Parameter path: what messages call this output.
    public init(
        _ descriptor: FileDescriptor = .standardOutput, path: Path = .standardOutput,
        capacity: Int = bufferByteCount
    ) {
        self.descriptor = descriptor
        self.path = path
        buffer = .allocate(byteCount: capacity, alignment: 4096)
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
    /// - Parameter count: how much must be free, at most the buffer's capacity; less makes room by
    ///   writing what is there.
    public func freeSpace(atLeast count: Int) throws(StreamError) -> UnsafeMutableRawBufferPointer {
        precondition(count <= buffer.count)
        if buffer.count - filled < count { try flush() }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    }

    /// Accepts `count` bytes that were put at the start of `freeSpace`.
    public func advance(by count: Int) {
        precondition(filled + count <= buffer.count)
        filled += count
        byteCount += Int64(count)
    }

    /// Writes what is buffered.
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

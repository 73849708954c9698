/// A bounded pipe in memory between two threads, one that writes and one that reads.
///
/// The reader gets the end only after the writer called `finish`; an error of the writer is thrown
/// in place of the end.
public final class MemoryPipe: ByteSource, ByteSink, @unchecked Sendable {
    /// The error of `write` after the reader has stopped.
    public struct Abandoned: Error {}

    private let buffer: UnsafeMutableRawBufferPointer
    private let lock = Lock()
    // Guarded by the lock. The bytes are not: filled ones belong to the reader, the others to the
    // writer.
    private var start = 0
    private var filled = 0
    private var end: Result<Void, any Error>?
    private var isAbandoned = false

    /// - Parameter capacity: the number of bytes by which the writer may be ahead.
    public init(capacity: Int) {
        buffer = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// Waits until all of `bytes` are in the pipe.
    ///
    /// - Throws: `Abandoned`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let free = try lock.withLock { () throws(Abandoned) in
                while filled == buffer.count && !isAbandoned { lock.wait() }
                if isAbandoned { throw Abandoned() }
                // The first bytes are in the processor's cache; the others may never be touched.
                if filled == 0 { start = 0 }
                let position = (start + filled) % buffer.count
                let end = position < start ? start : buffer.count
                return buffer[position..<end]
            }
            let part = rest.prefix(free.count)
            UnsafeMutableRawBufferPointer(rebasing: free)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            rest = rest.dropFirst(part.count)
            lock.withLock {
                filled += part.count
                lock.broadcast()
            }
        }
    }

    /// - Throws: the error passed to `finish`.
    public func read(into space: UnsafeMutableRawBufferPointer) throws -> Int {
        let available = available()
        if available.isEmpty { try lock.withLock { try end?.get() } }
        let part = available.prefix(space.count)
        if part.isEmpty { return 0 }
        space.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        advance(by: part.count)
        return part.count
    }

    /// Waits for bytes and calls `body` with them in place.
    ///
    /// - Returns: false at the end or after an error; then `body` was not called.
    public func consume(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        let available = available()
        if available.isEmpty { return false }
        body(UnsafeRawBufferPointer(rebasing: available))
        advance(by: available.count)
        return true
    }

    /// Waits for bytes; empty at the end.
    private func available() -> Slice<UnsafeMutableRawBufferPointer> {
        lock.withLock {
            while filled == 0 && end == nil { lock.wait() }
            return buffer[start..<min(start + filled, buffer.count)]
        }
    }

    private func advance(by count: Int) {
        lock.withLock {
            start = (start + count) % buffer.count
            filled -= count
            lock.broadcast()
        }
    }

    /// Ends the pipe, with an error when the bytes are incomplete.
    public func finish(_ error: (any Error)?) {
        lock.withLock {
            end = error.map { .failure($0) } ?? .success(())
            lock.broadcast()
        }
    }

    /// States that the reader has stopped.
    public func abandon() {
        lock.withLock {
            isAbandoned = true
            lock.broadcast()
        }
    }
}

/// A bounded pipe in memory between two threads, one that writes and one that reads.
///
/// The reader finds the end only when the writer said so; what the writer failed with comes out
/// where the end would be.
public final class MemoryPipe: ByteSource, ByteSink, @unchecked Sendable {
    /// What `write` throws when nobody reads any more.
    public struct Abandoned: Error {}

    private let buffer: UnsafeMutableRawBufferPointer
    private let lock = Lock()
    // Guarded by the lock. The bytes are not: those that are filled are the reader's alone, the
    // others the writer's.
    private var start = 0
    private var filled = 0
    private var end: Result<Void, any Error>?
    private var isAbandoned = false

    /// - Parameter capacity: how many bytes the writer may be ahead.
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

    /// - Throws: what `finish` was given.
    public func read(into space: UnsafeMutableRawBufferPointer) throws -> Int {
        let available = available()
        if available.isEmpty { try lock.withLock { try end?.get() } }
        let part = available.prefix(space.count)
        if part.isEmpty { return 0 }
        space.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        advance(by: part.count)
        return part.count
    }

    /// Waits for bytes and calls `body` with them where they are.
    ///
    /// - Returns: false at the end, whatever it is: `body` was not called then.
    public func consume(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        let available = available()
        if available.isEmpty { return false }
        body(UnsafeRawBufferPointer(rebasing: available))
        advance(by: available.count)
        return true
    }

    /// Waits for bytes; none are the end.
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

    /// States that no more bytes come, and why when it is not because all did.
    public func finish(_ error: (any Error)?) {
        lock.withLock {
            end = error.map { .failure($0) } ?? .success(())
            lock.broadcast()
        }
    }

    /// States that nothing more is read.
    public func abandon() {
        lock.withLock {
            isAbandoned = true
            lock.broadcast()
        }
    }
}

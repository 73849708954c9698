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
        let available = try lock.withLock { () throws in
            while filled == 0 && end == nil { lock.wait() }
            if filled == 0 { try end?.get() }
            return buffer[start..<min(start + filled, buffer.count)]
        }
        let part = available.prefix(space.count)
        if part.isEmpty { return 0 }
        space.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        lock.withLock {
            start = (start + part.count) % buffer.count
            filled -= part.count
            lock.broadcast()
        }
        return part.count
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

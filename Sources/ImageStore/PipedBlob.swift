import ByteStream
import Glibc
import Hashing

/// A blob that one thread reads from its place while another sends it: a pipe in memory.
///
/// Nothing is read before the first byte is asked for. What the reading side throws comes out where
/// the end would be, so that a blob that failed its check has no end.
final class PipedBlob: BlobSource {
    /// How far reading may be ahead of sending.
    static let byteLimit = 4 << 20

    let identity: BlobIdentity
    private let produce: @Sendable (any ByteSink) throws -> Void
    private var pipe = Pipe(capacity: PipedBlob.byteLimit)
    private var thread: WorkerThread?

    /// - Parameter produce: pushes all bytes and returns when they are proved to be `identity`;
    ///   called again when the blob must be sent again.
    init(
        _ identity: BlobIdentity, produce: @escaping @Sendable (any ByteSink) throws -> Void
    ) {
        self.identity = identity
        self.produce = produce
    }

    deinit {
        stop()
    }

    var announced: BlobIdentity? { identity }
    var canRewind: Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if thread == nil { try start() }
        return try pipe.read(into: buffer)
    }

    func rewind() -> Bool {
        stop()
        pipe = Pipe(capacity: PipedBlob.byteLimit)
        return true
    }

    private func start() throws(StreamError) {
        thread = WorkerThread { [pipe, produce] in
            do {
                try produce(pipe)
                pipe.finish(nil)
            } catch {
                pipe.finish(error)
            }
        }
        if thread == nil { throw .system(call: "pthread_create", Errno(rawValue: EAGAIN)) }
    }

    private func stop() {
        pipe.abandon()
        thread?.join()
        thread = nil
    }
}

/// The bounded buffer between two threads. Guarded by its mutex throughout.
private final class Pipe: ByteSink, @unchecked Sendable {
    struct Abandoned: Error {}

    private let buffer: UnsafeMutableRawBufferPointer
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var start = 0
    private var filled = 0
    private var end: Result<Void, any Error>?
    private var isAbandoned = false

    init(capacity: Int) {
        buffer = .allocate(byteCount: capacity, alignment: 4096)
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
        buffer.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !rest.isEmpty {
            while filled == buffer.count && !isAbandoned { pthread_cond_wait(changed, mutex) }
            if isAbandoned { throw Abandoned() }
            let position = (start + filled) % buffer.count
            let free = position < start ? start - position : buffer.count - position
            let part = rest.prefix(min(free, buffer.count - filled))
            UnsafeMutableRawBufferPointer(rebasing: buffer[position..<(position + part.count)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            filled += part.count
            rest = rest.dropFirst(part.count)
            pthread_cond_broadcast(changed)
        }
    }

    func read(into space: UnsafeMutableRawBufferPointer) throws -> Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while filled == 0 && end == nil { pthread_cond_wait(changed, mutex) }
        guard filled > 0 else {
            try end?.get()
            return 0
        }
        let count = min(space.count, filled, buffer.count - start)
        space.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<(start + count)]))
        start = (start + count) % buffer.count
        filled -= count
        pthread_cond_broadcast(changed)
        return count
    }

    func finish(_ error: (any Error)?) {
        pthread_mutex_lock(mutex)
        end = error.map { .failure($0) } ?? .success(())
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    func abandon() {
        pthread_mutex_lock(mutex)
        isAbandoned = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}

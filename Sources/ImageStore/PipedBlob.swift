import ByteStream
import Glibc
import Hashing

/// A blob that one thread reads from its place while another sends it: a pipe in memory.
///
/// Nothing is read before the first byte is asked for, or `begin` is called. What the reading side
/// throws comes out where the end would be, so that a blob that failed its check has no end.
final class PipedBlob: BlobSource {
    /// Bytes that reading may be ahead of sending.
    static let byteLimit = 4 << 20

    let identity: BlobIdentity
    private let produce: @Sendable (any ByteSink) throws -> Void
    private var pipe = MemoryPipe(capacity: PipedBlob.byteLimit)
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
        try begin()
        return try pipe.read(into: buffer)
    }

    func rewind() -> Bool {
        stop()
        pipe = MemoryPipe(capacity: PipedBlob.byteLimit)
        return true
    }

    /// Begins to read, up to `byteLimit` ahead.
    ///
    /// - Throws: `StreamError.system` when there is no thread.
    func begin() throws(StreamError) {
        if thread != nil { return }
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

import ByteStream
import Glibc
import Hashing

/// A blob that one thread reads from its place while another sends it: a pipe in memory.
///
/// Reading starts with the first request for a byte, or with `begin`. An error of the reading side
/// is thrown in place of the end, so that a blob that failed verification has no end.
final class PipedBlob: BlobSource {
    /// The number of bytes by which reading may be ahead of sending.
    static let byteLimit = 4 << 20

    let identity: BlobIdentity
    private let produce: @Sendable (any ByteSink) throws -> Void
    private var pipe = MemoryPipe(capacity: PipedBlob.byteLimit)
    private var thread: WorkerThread?

    /// - Parameter produce: writes all bytes and returns after they were verified as `identity`;
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

    /// Starts reading, up to `byteLimit` ahead.
    ///
    /// - Throws: `StreamError.system` when no thread can be created.
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

import ByteStream
import OCI

/// A digest over bytes that arrive piece by piece, computed by a thread of its own while whoever
/// brings the bytes goes on. At most `byteLimit` bytes wait for it.
///
/// Up to `byteLimit` bytes in all, and where there is no other thread, it is a `StreamingDigest`.
public final class BackgroundDigest {
    static let byteLimit = 1 << 20

    /// Whose digest it is: this thread's before the other one starts and after it has ended.
    private final class Work: @unchecked Sendable {
        let digest: StreamingDigest
        let pipe = MemoryPipe(capacity: BackgroundDigest.byteLimit)

        init(_ algorithm: Digest.Algorithm) {
            digest = StreamingDigest(algorithm)
        }

        func run() {
            while pipe.consume({ digest.update($0) }) {}
        }
    }

    private let work: Work
    private var thread: WorkerThread?
    private var isAlone = false
    /// How many bytes went in.
    public private(set) var byteCount: Int64 = 0

    public init(_ algorithm: Digest.Algorithm = .sha256) {
        work = Work(algorithm)
    }

    deinit {
        end()
    }

    public func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += Int64(bytes.count)
        if thread == nil, !isAlone, byteCount > Int64(BackgroundDigest.byteLimit) {
            thread = WorkerThread { [work] in work.run() }
            isAlone = thread == nil
        }
        guard thread != nil else { return work.digest.update(bytes) }
        do {
            try work.pipe.write(bytes)
        } catch {
            preconditionFailure("a pipe that nobody abandons is abandoned")
        }
    }

    /// The digest of all bytes. Nothing may be added afterwards.
    public func finalize() -> Digest {
        end()
        return work.digest.finalize()
    }

    private func end() {
        work.pipe.finish(nil)
        thread?.join()
        thread = nil
        isAlone = true
    }
}

import ByteStream
import OCI

/// A digest over bytes that arrive piece by piece, computed by another thread while the caller
/// continues. At most `byteLimit` bytes wait for that thread.
///
/// For at most `byteLimit` bytes in total, and when no thread can be created, it computes the
/// digest on the caller's thread.
public final class BackgroundDigest {
    static let byteLimit = 1 << 20

    /// The caller's thread uses it before the other thread starts and after that has ended.
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
    /// The number of bytes added.
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

    /// The digest of all bytes. No bytes may be added afterwards.
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

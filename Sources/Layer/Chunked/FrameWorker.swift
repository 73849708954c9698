import ByteStream
import CZstd
import Hashing

/// The state of libzstd and libcrypto that a thread needs to work on a job.
final class FrameWorker {
    let context: OpaquePointer
    let digest = StreamingDigest()

    /// - Throws: `LayerError.library`.
    init(level: Int) throws(LayerError) {
        context = try zstdContext(level: level)
    }

    deinit {
        ZSTD_freeCCtx(context)
    }
}

/// The workers that no thread uses. There are only as many as threads, not as jobs, so that the
/// tables of libzstd stay in the processor's cache.
final class FrameWorkers: @unchecked Sendable {
    private let level: Int
    private let lock = Lock()
    private var idle: [FrameWorker] = []

    init(level: Int) {
        self.level = level
    }

    /// Calls `body` with a worker that no other thread uses meanwhile.
    ///
    /// - Throws: `LayerError.library`, and what `body` throws.
    func withWorker(_ body: (FrameWorker) throws(LayerError) -> Void) throws(LayerError) {
        let worker: FrameWorker
        if let idle = lock.withLock({ idle.popLast() }) {
            worker = idle
        } else {
            worker = try FrameWorker(level: level)
        }
        defer { lock.withLock { idle.append(worker) } }
        try body(worker)
    }
}

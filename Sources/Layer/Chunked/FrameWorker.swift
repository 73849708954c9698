import ByteStream
import CZstd
import Hashing

/// What a thread needs to make frames of a job. One thread at a time has it.
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

/// The workers that no thread has: as many as ever worked at once, however many jobs there are, since
/// the tables of a worker that goes on are in the processor's cache.
final class FrameWorkers: @unchecked Sendable {
    private let level: Int
    private let lock = Lock()
    private var idle: [FrameWorker] = []

    init(level: Int) {
        self.level = level
    }

    /// Calls `body` with a worker that it has alone.
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

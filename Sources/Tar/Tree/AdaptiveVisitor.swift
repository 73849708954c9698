import ByteStream
import CSystem
import Glibc

/// Writes entries one after the other while that is fast; when reading is slow or a processor is
/// idle, the rest goes through a `ReaderRing`.
///
/// Many reader threads are several times faster on a cold cache, and slower on a warm one. A few
/// are faster on a warm cache too, but only when a processor is idle: not in a pipeline that
/// compresses on all cores.
final class AdaptiveVisitor: WalkVisitor {
    private static let fewReaders = 2
    private static let manyReaders = 16
    /// Number of entries after which a cold cache is detected.
    private static let batchCount = 64
    /// A warm file takes about 5 µs, a cold one about 70; busy processors add some time.
    private static let coldTime = Duration.microseconds(20)
    /// Such slow files are on a remote file system, for which the kernel counts no blocks.
    private static let remoteTime = Duration.microseconds(150)
    /// The number of entries after which an idle processor is detected. Before that, a compressor
    /// may not have started.
    private static let periodCount = 64 * batchCount

    private let writer: TarWriter
    private var ring: ReaderRing?
    private var mayStartReaders: Bool
    private var entryCount = 0
    private var batchStart: Moment
    private var periodStart: Moment

    /// Counters at one moment.
    private struct Moment {
        let time = ContinuousClock.now
        /// Processor time of this thread.
        let processorTime: Duration
        /// Processor time of all threads.
        let blocksRead: Int
        /// The number of times a thread waited for anything but a processor.
        let waitCount: Int
        let blockedTime: Duration
        let byteCount: Int64

        init(_ output: OutputBuffer?) {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            processorTime = .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            blocksRead = usage.ru_inblock
            waitCount = usage.ru_nvcsw
            blockedTime = output?.blockedTime ?? .zero
            byteCount = output?.byteCount ?? 0
        }
    }

    init(_ writer: TarWriter) {
        self.writer = writer
        mayStartReaders = !writer.isListing
        batchStart = Moment(writer.output)
        periodStart = batchStart
    }

    /// Waits until everything is written.
    func finish() throws(TarError) { try ring?.finish() }

    /// Ends the threads, because the walk failed.
    func cancel() { ring?.cancel() }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        if let ring { return try ring.visit(directory, path: path) }
        try writer.visit(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        if let ring {
            try ring.visit(name, type: type, in: directory, path: path)
        } else {
            try writer.visit(name, type: type, in: directory, path: path)
        }
        entryCount += 1
        if entryCount % AdaptiveVisitor.batchCount == 0, mayStartReaders { chooseReaders() }
    }

    private func chooseReaders() {
        // With a ring, the ring owns the output.
        let now = Moment(ring == nil ? writer.output : nil)
        if isCold(now) {
            startReaders(AdaptiveVisitor.manyReaders)
        } else if ring == nil, entryCount % AdaptiveVisitor.periodCount == 0 {
            if isProcessorFree(now) { startReaders(AdaptiveVisitor.fewReaders) }
            periodStart = now
        }
        batchStart = now
    }

    /// Whether the entries of this batch came from a disk.
    private func isCold(_ now: Moment) -> Bool {
        let enough = AdaptiveVisitor.batchCount / 4
        let isReading = now.blocksRead - batchStart.blocksRead >= enough
        if ring != nil { return isReading }
        // Copying large files from a warm cache takes at most a nanosecond per byte.
        let copying = Duration.nanoseconds(now.byteCount - batchStart.byteCount)
        let blocked = now.blockedTime - batchStart.blockedTime
        let perEntry =
            (now.time - batchStart.time - blocked - copying) / AdaptiveVisitor.batchCount
        let isWaiting = now.waitCount - batchStart.waitCount >= enough
        return isReading && perEntry > AdaptiveVisitor.coldTime
            || isWaiting && perEntry > AdaptiveVisitor.remoteTime
    }

    /// Whether this thread always had a processor, and another one is idle.
    private func isProcessorFree(_ now: Moment) -> Bool {
        let processorTime = now.processorTime - periodStart.processorTime
        return processorTime * 10 > (now.time - periodStart.time) * 9
            && system_processor_count() > 1
    }

    /// Starts readers, or adds readers to a ring. When no thread can be created, nothing changes.
    private func startReaders(_ count: Int) {
        if let ring {
            ring.addReaders(count - AdaptiveVisitor.fewReaders)
        } else {
            ring = try? ReaderRing(writer, readerCount: count)
        }
        mayStartReaders = ring != nil && count < AdaptiveVisitor.manyReaders
    }
}

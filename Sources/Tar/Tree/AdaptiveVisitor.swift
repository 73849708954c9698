import ByteStream
import CSystem
import Glibc

/// Writes entries one after the other, until that turns out to be slower than it need be: then the
/// rest goes through a `ReaderRing`.
///
/// Many readers are several times faster than none on a cold cache, and slower on a warm one. A few
/// are faster on a warm one too, but only where a processor has nothing else to do: not in a pipeline
/// that compresses with all of them.
final class AdaptiveVisitor: WalkVisitor {
    private static let fewReaders = 2
    private static let manyReaders = 16
    /// How many entries tell whether the cache is cold.
    private static let batchCount = 64
    /// A warm file takes about 5 µs, a cold one about 70; in between, also what busy processors add.
    private static let coldTime = Duration.microseconds(20)
    /// So slow that the file system must be remote, which counts no blocks.
    private static let remoteTime = Duration.microseconds(150)
    /// How many entries tell whether a processor is free: in less, no compressor has begun.
    private static let periodCount = 64 * batchCount

    private let writer: TarWriter
    private var ring: ReaderRing?
    private var mayStartReaders: Bool
    private var entryCount = 0
    private var batchStart: Moment
    private var periodStart: Moment

    /// How things stand.
    private struct Moment {
        let time = ContinuousClock.now
        /// Of this thread.
        let processorTime: Duration
        /// Of all threads.
        let blocksRead: Int
        /// How often a thread waited, other than for a processor.
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
        if entryCount % AdaptiveVisitor.batchCount == 0, mayStartReaders { judge() }
    }

    private func judge() {
        // The output is the ring's as soon as there is one.
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
        // A nanosecond a byte is what copying large files takes at most from a warm cache.
        let copying = Duration.nanoseconds(now.byteCount - batchStart.byteCount)
        let blocked = now.blockedTime - batchStart.blockedTime
        let perEntry =
            (now.time - batchStart.time - blocked - copying) / AdaptiveVisitor.batchCount
        let isWaiting = now.waitCount - batchStart.waitCount >= enough
        return isReading && perEntry > AdaptiveVisitor.coldTime
            || isWaiting && perEntry > AdaptiveVisitor.remoteTime
    }

    /// Whether this thread had a processor to itself all the time, and there is another.
    private func isProcessorFree(_ now: Moment) -> Bool {
        let processorTime = now.processorTime - periodStart.processorTime
        return processorTime * 10 > (now.time - periodStart.time) * 9
            && system_processor_count() > 1
    }

    /// Starts readers, or adds to the few there are; where no threads can be had, everything goes on
    /// as it was.
    private func startReaders(_ count: Int) {
        if let ring {
            ring.addReaders(count - AdaptiveVisitor.fewReaders)
        } else {
            ring = try? ReaderRing(writer, readerCount: count)
        }
        mayStartReaders = ring != nil && count < AdaptiveVisitor.manyReaders
    }
}

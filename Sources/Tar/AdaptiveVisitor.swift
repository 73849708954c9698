import ByteStream
import Glibc

/// Writes entries one after the other, until that turns out to wait for a disk: then the rest goes
/// through a `ReaderRing`.
///
/// Sixteen readers are several times faster on a cold cache, and slower than none on a warm one.
final class AdaptiveVisitor: TreeVisitor {
    /// A warm file takes about 5 µs, a cold one about 70; in between, also what busy processors add.
    private static let coldTime = Duration.microseconds(20)
    /// So slow that the file system must be remote, which counts no blocks.
    private static let remoteTime = Duration.microseconds(150)
    private static let batchCount = 64

    private let writer: TarWriter
    private var ring: ReaderRing?
    private var mayStartReaders = true
    private var batch: Batch

    /// How things stood at the beginning of a batch of entries.
    private struct Batch {
        var count = 0
        let start = ContinuousClock.now
        let blockedTime: Duration
        let byteCount: Int64
        let blocksRead: Int

        init(_ output: OutputBuffer) {
            blockedTime = output.blockedTime
            byteCount = output.byteCount
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            blocksRead = usage.ru_inblock
        }
    }

    init(_ writer: TarWriter) {
        self.writer = writer
        batch = Batch(writer.output)
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
        if let ring { return try ring.visit(name, type: type, in: directory, path: path) }
        try writer.visit(name, type: type, in: directory, path: path)
        batch.count += 1
        if batch.count == AdaptiveVisitor.batchCount { judge() }
    }

    private func judge() {
        let next = Batch(writer.output)
        // A nanosecond a byte is what copying large files takes at most from a warm cache.
        let copying = Duration.nanoseconds(next.byteCount - batch.byteCount)
        let waiting = next.blockedTime - batch.blockedTime
        let time = next.start - batch.start - waiting - copying
        let isReading = next.blocksRead - batch.blocksRead >= AdaptiveVisitor.batchCount / 4
        let perEntry = time / AdaptiveVisitor.batchCount
        if perEntry > AdaptiveVisitor.remoteTime
            || (isReading && perEntry > AdaptiveVisitor.coldTime)
        {
            startReaders()
        }
        batch = next
    }

    /// Starts the readers; where no threads can be had, everything goes on as it was.
    private func startReaders() {
        guard !writer.isListing, mayStartReaders else { return }
        do {
            ring = try ReaderRing(writer)
        } catch {
            mayStartReaders = false
        }
    }
}

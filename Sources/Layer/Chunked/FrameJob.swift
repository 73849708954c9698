import ByteStream
import CZstd
import Hashing
import Tar

/// A part of a tar that becomes frames: cut in the order of the tar, compressed by any thread,
/// written in order.
///
/// The cuts depend only on the tar, not on threads or on how the tar is read.
final class FrameJob: RingChunk, @unchecked Sendable {
    /// One frame.
    struct Frame {
        enum Content {
            /// Headers, padding, the end of the archive.
            case metadata
            /// All of a file.
            case file
            /// Part of a file.
            case chunk
        }

        let content: Content
        /// Range of its bytes in `tar`.
        let range: Range<Int>
        /// The size of the frame in bytes, after compression.
        fileprivate(set) var compressedByteCount = 0
        /// The checksum of a whole file.
        fileprivate(set) var checksum = CRC64()
        /// Whether a chunk has only zeros.
        fileprivate(set) var isZeros = false

        init(_ content: Content, _ range: Range<Int>) {
            self.content = content
            self.range = range
        }
    }

    /// Steps, in order.
    private enum Step {
        /// A part of a segment; the size of all parts but the last is a multiple of three.
        case segment(Range<Int>)
        /// The segment has ended without an entry: at the end of the tar or at the limit.
        case end
        /// The headers of the entry with this index have ended, and the segment with them.
        case entry(Int)
        /// The frame with this index.
        case frame(Int)
    }

    private let workers: FrameWorkers
    private let output: TableWriter
    private let space: UnsafeMutableRawBufferPointer
    private var compressed: UnsafeMutableRawBufferPointer
    private var failure: LayerError?

    private(set) var byteCount = 0
    private var frames: [Frame] = []
    /// The raw sha256 of the payload of each frame, at 32 bytes for each frame.
    private var digests: [UInt8] = []
    private var entries: [ChunkedEntry] = []
    private var pathKeys: [UInt128] = []
    private var steps: [Step] = []
    /// Whether the stream begins here.
    var isFirst = false

    private static let digestByteCount = 32

    init(capacity: Int, workers: FrameWorkers, output: TableWriter) {
        space = .allocate(byteCount: capacity, alignment: 64)
        compressed = .allocate(byteCount: capacity, alignment: 64)
        self.workers = workers
        self.output = output
    }

    deinit {
        space.deallocate()
        compressed.deallocate()
    }

    func clear() {
        byteCount = 0
        frames.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        failure = nil
        isFirst = false
    }

    // MARK: Filling

    var freeByteCount: Int { space.count - byteCount }

    /// The part of the tar so far.
    var tar: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: space[..<byteCount]) }

    /// Appends as many of `bytes` as fit, and returns their number.
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let part = bytes.prefix(freeByteCount)
        UnsafeMutableRawBufferPointer(rebasing: space[byteCount...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        byteCount += part.count
        return part.count
    }

    /// Removes the last `count` bytes.
    func removeLast(_ count: Int) { byteCount -= count }

    func append(_ frame: Frame) {
        if frame.range.isEmpty { return }
        steps.append(.frame(frames.count))
        frames.append(frame)
    }

    func append(_ entry: ChunkedEntry) {
        steps.append(.entry(entries.count))
        entries.append(entry)
    }

    func appendSegment(_ range: Range<Int>) { steps.append(.segment(range)) }

    func endSegment() { steps.append(.end) }

    // MARK: Working

    func work() {
        do throws(LayerError) {
            try workers.withWorker { (worker) throws(LayerError) in try work(worker) }
        } catch {
            failure = error
        }
    }

    private func work(_ worker: FrameWorker) throws(LayerError) {
        pathKeys.removeAll(keepingCapacity: true)
        for entry in entries { pathKeys.append(entry.pathKey(worker.digest)) }
        let bound = frames.reduce(0) { $0 + ZSTD_compressBound($1.range.count) }
        let needed = bound + LayerMark.chunked.count
        if compressed.count < needed {
            compressed.deallocate()
            compressed = .allocate(byteCount: needed, alignment: 64)
        }
        let missing = frames.count * FrameJob.digestByteCount - digests.count
        if missing > 0 { digests += repeatElement(0, count: missing) }
        var used = 0
        for index in frames.indices {
            let bytes = UnsafeRawBufferPointer(rebasing: tar[frames[index].range])
            let isMarked = isFirst && index == 0
            let count = try compress(bytes, worker.context, at: used, isMarked: isMarked)
            frames[index].compressedByteCount = count
            used += count
            hash(bytes, index, worker.digest)
        }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ digest: StreamingDigest) {
        switch frames[index].content {
        case .metadata: return
        case .file: frames[index].checksum.update(bytes)
        case .chunk: frames[index].isZeros = bytes.allSatisfyZero
        }
        digest.restart()
        digest.update(bytes)
        let start = index * FrameJob.digestByteCount
        digests.withUnsafeMutableBytes {
            digest.finalize(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: $0[start..<(start + FrameJob.digestByteCount)]))
        }
    }

    private func compress(
        _ bytes: UnsafeRawBufferPointer, _ context: OpaquePointer, at offset: Int, isMarked: Bool
    ) throws(LayerError) -> Int {
        let mark = isMarked ? LayerMark.chunked : []
        let start = offset + mark.count
        let room = UnsafeMutableRawBufferPointer(rebasing: compressed[start...])
        let count = try checkZstd(
            ZSTD_compress2(
                context, room.baseAddress, room.count, bytes.baseAddress, bytes.count))
        guard isMarked else { return count }
        // The header moves to the front, into the room for the mark.
        guard let length = LayerMark.offset(in: room) else {
            preconditionFailure("libzstd made a frame without a header")
        }
        let all = UnsafeMutableRawBufferPointer(rebasing: compressed[offset...])
        let header = Array(room[..<length])
        all.copyBytes(from: header + mark)
        return count + mark.count
    }

    // MARK: Finishing

    func finish() throws(TarError) {
        do throws(LayerError) {
            if let failure { throw failure }
            try writeSteps()
        } catch {
            throw .source(error)
        }
    }

    private func writeSteps() throws(LayerError) {
        let start = output.byteCount
        var byteCount = 0
        for step in steps {
            let offset = start + Int64(byteCount)
            switch step {
            case .segment(let range):
                output.appendToSegment(UnsafeRawBufferPointer(rebasing: tar[range]))
            case .end: try output.endSegment()
            case .entry(let index):
                try output.begin(entries[index], pathKey: pathKeys[index], offset: offset)
            case .frame(let index):
                byteCount += frames[index].compressedByteCount
                if case .metadata = frames[index].content { continue }
                try append(index, from: offset, to: start + Int64(byteCount))
            }
        }
        try output.write(UnsafeRawBufferPointer(rebasing: compressed[..<byteCount]))
    }

    private func append(_ index: Int, from offset: Int64, to end: Int64) throws(LayerError) {
        let payload = UnsafeRawBufferPointer(rebasing: tar[frames[index].range])
        let start = index * FrameJob.digestByteCount
        try digests.withRawBytes { (digests) throws(LayerError) in
            try output.append(
                frames[index], payload, at: offset..<end,
                digest: UnsafeRawBufferPointer(
                    rebasing: digests[start..<(start + FrameJob.digestByteCount)]))
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var allSatisfyZero: Bool { allSatisfy { $0 == 0 } }
}

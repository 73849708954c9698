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
        /// The raw sha256 of a payload.
        fileprivate(set) var digest: [UInt8] = []
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
    enum Step {
        /// The headers of an entry have ended.
        case entry(ChunkedEntry)
        /// The frame with this index.
        case frame(Int)
        /// Bytes after the last entry.
        case end([UInt8])
    }

    private let context: OpaquePointer
    private let digest = StreamingDigest()
    private let output: TableWriter
    private let space: UnsafeMutableRawBufferPointer
    private var compressed: UnsafeMutableRawBufferPointer
    private var failure: LayerError?

    private(set) var byteCount = 0
    private var frames: [Frame] = []
    private var steps: [Step] = []
    /// Whether the stream begins here.
    var isFirst = false

    /// - Throws: `LayerError.library`.
    init(capacity: Int, level: Int, output: TableWriter) throws(LayerError) {
        context = try zstdContext(level: level)
        space = .allocate(byteCount: capacity, alignment: 64)
        compressed = .allocate(byteCount: capacity, alignment: 64)
        self.output = output
    }

    deinit {
        ZSTD_freeCCtx(context)
        space.deallocate()
        compressed.deallocate()
    }

    func clear() {
        byteCount = 0
        frames.removeAll(keepingCapacity: true)
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

    func append(_ step: Step) { steps.append(step) }

    // MARK: Working

    func work() {
        do throws(LayerError) {
            try compress()
        } catch {
            failure = error
        }
    }

    private func compress() throws(LayerError) {
        let bound = frames.reduce(0) { $0 + ZSTD_compressBound($1.range.count) }
        let needed = bound + LayerMark.chunked.count
        if compressed.count < needed {
            compressed.deallocate()
            compressed = .allocate(byteCount: needed, alignment: 64)
        }
        var used = 0
        for index in frames.indices {
            let bytes = UnsafeRawBufferPointer(rebasing: tar[frames[index].range])
            let isMarked = isFirst && index == 0
            let count = try compress(bytes, at: used, isMarked: isMarked)
            frames[index].compressedByteCount = count
            used += count
            hash(bytes, into: &frames[index])
        }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer, into frame: inout Frame) {
        if case .metadata = frame.content { return }
        digest.restart()
        digest.update(bytes)
        frame.digest = digest.finalizeBytes()
        switch frame.content {
        case .metadata: break
        case .file: frame.checksum.update(bytes)
        case .chunk: frame.isZeros = bytes.allSatisfyZero
        }
    }

    private func compress(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, isMarked: Bool
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
        var offset = 0
        for step in steps {
            switch step {
            case .entry(let entry): try output.begin(entry)
            case .end(let bytes): try output.end(bytes)
            case .frame(let index):
                let frame = frames[index]
                let end = offset + frame.compressedByteCount
                let bytes = UnsafeRawBufferPointer(rebasing: compressed[offset..<end])
                try output.write(
                    frame, bytes, payload: UnsafeRawBufferPointer(rebasing: tar[frame.range]))
                offset = end
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var allSatisfyZero: Bool { allSatisfy { $0 == 0 } }
}

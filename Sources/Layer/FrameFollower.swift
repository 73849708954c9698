import ByteStream

/// Parses the frames and blocks of a zstd stream as it passes, without decompressing it.
///
/// - Spec: RFC 8878, section 3, "Zstandard Frames".
struct FrameFollower: ~Copyable {
    private enum State {
        case magic
        case skippableSize(magic: UInt32)
        case payload(UInt64)
        case frameDescriptor
        case frameHeader
        case blockHeader
        case block(UInt64, isLast: Bool)
        case checksum
    }

    private let path: Path
    private var state = State.magic
    private var offset: Int64 = 0
    private var gathered: [UInt8] = []
    /// The offset in the stream after the last collected byte.
    private var gatheredEnd: Int64 = 0
    private var hasChecksum = false
    private var blockCount = 0
    /// The payload of the current skippable frame, when it may be a trailer.
    private var payload: [UInt8]?

    /// The number of frames with data so far.
    private(set) var frameCount = 0
    /// The number of skippable frames so far.
    private(set) var skippableCount = 0
    /// The trailer, when the last complete frame is a trailer.
    private(set) var trailer: LayerTrailer?
    /// Whether the first block of the first frame is the mark of `oci-zstd`; nil before it was
    /// read.
    private(set) var isMarked: Bool?
    /// Whether the mark is that of a chunked stream.
    private(set) var isChunked = false
    /// The skippable frames since the last frame with data.
    private(set) var tail = ChunkedTail()

    init(path: Path) {
        self.path = path
        gathered.reserveCapacity(16)
    }

    /// Whether the bytes so far are complete frames.
    var isAtFrameEnd: Bool {
        if case .magic = state { return gathered.isEmpty }
        return false
    }

    /// - Throws: `LayerError.malformed`.
    mutating func update(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try step(UnsafeRawBufferPointer(rebasing: rest))
            offset += Int64(count)
            rest = rest.dropFirst(count)
        }
    }

    /// - Throws: `LayerError.cut` when the bytes ended within a frame.
    func finish() throws(LayerError) {
        guard isAtFrameEnd, frameCount > 0 else {
            throw .cut(path: path, format: "zstd", offset: offset)
        }
    }

    private mutating func step(_ bytes: UnsafeRawBufferPointer) throws(LayerError) -> Int {
        switch state {
        case .payload(let remaining):
            let count = Int(min(remaining, UInt64(bytes.count)))
            payload?.append(contentsOf: bytes[..<count])
            tail.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            if remaining > UInt64(count) {
                state = .payload(remaining - UInt64(count))
            } else {
                endSkippable()
            }
            return count
        case .block(let remaining, let isLast):
            let count = Int(min(remaining, UInt64(bytes.count)))
            if remaining > UInt64(count) {
                state = .block(remaining - UInt64(count), isLast: isLast)
            } else {
                endBlock(isLast: isLast)
            }
            return count
        case .magic, .skippableSize, .checksum: return try gather(4, from: bytes)
        case .frameDescriptor: return try gather(1, from: bytes)
        case .frameHeader: return try gather(headerByteCount, from: bytes)
        case .blockHeader: return try gather(3, from: bytes)
        }
    }

    /// The number of bytes after the frame header's descriptor byte.
    private var headerByteCount = 0

    /// Collects `count` bytes, then handles them.
    private mutating func gather(
        _ count: Int, from bytes: UnsafeRawBufferPointer
    ) throws(LayerError) -> Int {
        let taken = min(count - gathered.count, bytes.count)
        gathered.append(contentsOf: bytes[..<taken])
        if gathered.count == count {
            var value: UInt32 = 0
            for byte in gathered.prefix(4).reversed() { value = value << 8 | UInt32(byte) }
            gathered.removeAll(keepingCapacity: true)
            gatheredEnd = offset + Int64(taken)
            try handle(value)
        }
        return taken
    }

    private mutating func handle(_ value: UInt32) throws(LayerError) {
        switch state {
        case .magic: try beginFrame(magic: value)
        case .skippableSize(let magic):
            let isTrailer = magic == LayerTrailer.magic && value <= LayerTrailer.payloadLimit
            payload = isTrailer ? [] : nil
            tail.begin(magic: magic, offset: gatheredEnd, byteCount: value)
            state = .payload(UInt64(value))
            if value == 0 { endSkippable() }
        case .frameDescriptor: try readDescriptor(UInt8(value))
        case .frameHeader: state = .blockHeader
        case .blockHeader: try beginBlock(value)
        case .checksum: state = .magic
        case .payload, .block: break
        }
    }

    private mutating func beginFrame(magic: UInt32) throws(LayerError) {
        trailer = nil
        switch magic {
        case 0xFD2F_B528:
            frameCount += 1
            blockCount = 0
            tail.restart()
            state = .frameDescriptor
        case 0x184D_2A50...0x184D_2A5F: state = .skippableSize(magic: magic)
        default: throw malformed("no frame begins at byte \(offset - 3)")
        }
    }

    private mutating func readDescriptor(_ descriptor: UInt8) throws(LayerError) {
        if descriptor & 0x08 != 0 { throw malformed("a reserved bit of a frame header is set") }
        let isSingleSegment = descriptor & 0x20 != 0
        let contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
        let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
        hasChecksum = descriptor & 0x04 != 0
        headerByteCount = (isSingleSegment ? 0 : 1) + dictionary + contentSize
        state = headerByteCount == 0 ? .blockHeader : .frameHeader
    }

    private mutating func beginBlock(_ header: UInt32) throws(LayerError) {
        let isLast = header & 1 != 0
        let size = UInt64(header >> 3)
        if size > 128 << 10 { throw malformed("a block of more than 128 KiB") }
        blockCount += 1
        if frameCount == 1, blockCount == 2, isMarked == true { isChunked = header == 0 }
        if isMarked == nil { isMarked = header == 0 }
        switch header >> 1 & 3 {
        case 0, 2: state = .block(size, isLast: isLast)
        case 1: state = .block(1, isLast: isLast)
        default: throw malformed("a block of the reserved type")
        }
        if case .block(0, _) = state { endBlock(isLast: isLast) }
    }

    private mutating func endBlock(isLast: Bool) {
        state = !isLast ? .blockHeader : hasChecksum ? .checksum : .magic
    }

    private mutating func endSkippable() {
        skippableCount += 1
        trailer = payload.flatMap { LayerTrailer(payload: $0) }
        payload = nil
        tail.end(trailer)
        state = .magic
    }

    private func malformed(_ problem: String) -> LayerError {
        .malformed(path: path, format: "zstd", problem)
    }
}

/// The mark at the start of a layer that announces its trailer: an empty raw block, which no
/// encoder writes by itself, as the first block of the first frame.
///
/// A reader of a pipe sees the trailer last. Without the mark it would have to decompress every
/// zstd layer in case there is no trailer; with the mark, only layers by other tools.
///
/// Two such blocks mark a chunked stream, which has many frames, and a table after its trailer.
enum LayerMark {
    static let block: [UInt8] = [0, 0, 0]
    static let chunked = block + block

    /// The length of the frame header at the start of `bytes`; the mark follows it.
    ///
    /// - Returns: nil when there are too few bytes.
    static func offset(in bytes: some Sequence<UInt8>) -> Int? {
        let bytes = Array(bytes.prefix(5))
        guard bytes.count == 5 else { return nil }
        let descriptor = bytes[4]
        let isSingleSegment = descriptor & 0x20 != 0
        return 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][Int(descriptor & 3)]
            + [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    }
}

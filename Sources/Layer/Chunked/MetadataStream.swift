import ByteStream
import CZstd
import Hashing

/// A text that grows line by line and is stored compressed, as one zstd frame in memory.
final class MetadataStream {
    private static let gatheredByteCount = 128 << 10

    private let context: OpaquePointer
    private let digest = StreamingDigest()
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    /// Pieces, so that growing does not copy.
    private var pieces: [[UInt8]] = []
    private(set) var uncompressedByteCount: Int64 = 0
    /// Text that is not compressed yet. A caller that appends to it calls `compressIfLarge`.
    let text = JSONText(capacity: 2 * gatheredByteCount)

    /// - Parameter level: the level of the layer; that of the text differs. Its lines are
    ///   repetitive, and level 1 compresses them as well as levels up to 6, in less time: 802 KB
    ///   for the headers of Debian's /usr/include, where level 3 has 844 KB and level 9 757 KB.
    /// - Throws: `LayerError.library`.
    init(level: Int) throws(LayerError) {
        context = try zstdContext(level: level <= 6 ? 1 : max(level, 9))
    }

    deinit {
        ZSTD_freeCCtx(context)
        piece.deallocate()
    }

    /// The size of the finished frame in bytes.
    var byteCount: Int64 { digest.byteCount }

    func compressIfLarge() throws(LayerError) {
        if text.count >= MetadataStream.gatheredByteCount { try compress(ZSTD_e_continue) }
    }

    /// Ends the frame.
    ///
    /// - Returns: its raw sha256. Afterwards `forEachPiece` visits the whole frame.
    func finish() throws(LayerError) -> [UInt8] {
        try compress(ZSTD_e_end)
        return digest.finalizeBytes()
    }

    func forEachPiece<E: Error>(_ body: ([UInt8]) throws(E) -> Void) throws(E) {
        for piece in pieces { try body(piece) }
    }

    private func compress(_ mode: ZSTD_EndDirective) throws(LayerError) {
        let bytes = text.bytes
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var isDone = false
        while !isDone {
            var output = ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
            let rest = try checkZstd(ZSTD_compressStream2(context, &output, &input, mode))
            if output.pos > 0 {
                pieces.append(Array(piece[..<output.pos]))
                digest.update(UnsafeRawBufferPointer(rebasing: piece[..<output.pos]))
            }
            isDone = mode == ZSTD_e_end ? rest == 0 : input.pos == input.size
        }
        uncompressedByteCount += Int64(bytes.count)
        text.removeAll()
    }
}

/// A context that compresses on the calling thread, without frame checksums.
///
/// - Throws: `LayerError.library`.
func zstdContext(level: Int) throws(LayerError) -> OpaquePointer {
    guard let context = ZSTD_createCCtx() else {
        throw .library("out of memory for compression")
    }
    let result = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, CInt(level))
    if ZSTD_isError(result) != 0 {
        ZSTD_freeCCtx(context)
        try checkZstd(result)
    }
    return context
}

/// - Throws: `LayerError.library` when a call of libzstd returned an error.
@discardableResult
func checkZstd(_ result: Int) throws(LayerError) -> Int {
    if ZSTD_isError(result) != 0 {
        throw .library("libzstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return result
}

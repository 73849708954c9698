import ByteStream
import CZlib
import CZstd

/// Decompresses a stream piece by piece.
protocol StreamDecoder: AnyObject {
    /// Decodes more bytes and passes the result to `consume`, in pieces of up to 1 MiB.
    func decode(
        _ bytes: UnsafeRawBufferPointer,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws(LayerError)

    /// - Throws: `LayerError.cut` when the stream is incomplete.
    func finish() throws(LayerError)
}

/// Decodes zstd: any number of frames, with verified checksums.
final class ZstdDecoder: StreamDecoder {
    /// The window limit, which limits memory to 128 MiB, as in zstd(1).
    private static let windowLogLimit: CInt = 27

    private let context: OpaquePointer
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 << 10, alignment: 64)
    private let path: Path
    private var offset: Int64 = 0
    private var isAtFrameEnd = true

    init(path: Path) throws(LayerError) {
        guard let context = ZSTD_createDCtx() else {
            throw .library("out of memory for decompression")
        }
        self.context = context
        self.path = path
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZstdDecoder.windowLogLimit)
    }

    deinit {
        ZSTD_freeDCtx(context)
        buffer.deallocate()
    }

    func decode(
        _ bytes: UnsafeRawBufferPointer,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws(LayerError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        offset += Int64(bytes.count)
        // When the output is full, the decoder may have more, although it has consumed all input.
        var isFull = false
        while input.pos < input.size || isFull {
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let result = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(result) != 0 {
                throw refusal(result)
            }
            isAtFrameEnd = result == 0
            isFull = output.pos == output.size && !isAtFrameEnd
            if output.pos > 0 {
                try consume(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos]))
            }
        }
    }

    func finish() throws(LayerError) {
        guard isAtFrameEnd else { throw .cut(path: path, format: "zstd", offset: offset) }
    }

    /// Begins another stream and reuses the memory.
    func restart() {
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        offset = 0
        isAtFrameEnd = true
    }

    private func refusal(_ result: Int) -> LayerError {
        let problem = String(cString: ZSTD_getErrorName(result))
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_frameParameter_windowTooLarge:
            return .window(path: path, byteCount: 1 << ZstdDecoder.windowLogLimit)
        case ZSTD_error_memory_allocation: return .library("libzstd: \(problem)")
        default: return .malformed(path: path, format: "zstd", problem)
        }
    }
}

/// Decodes gzip: any number of members, with verified checksums. Zero bytes after the last member
/// are padding.
///
/// - Spec: RFC 1952.
final class GzipDecoder: StreamDecoder {
    private enum Position {
        case inside
        case betweenMembers
        case padding
    }

    private var stream = z_stream()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 << 10, alignment: 64)
    private let path: Path
    private var offset: Int64 = 0
    private var position = Position.inside

    init(path: Path) throws(LayerError) {
        self.path = path
        // Adding 16 to the window bits accepts only a gzip header.
        guard zlib_inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK else {
            throw .library("out of memory for decompression")
        }
    }

    deinit {
        inflateEnd(&stream)
        buffer.deallocate()
    }

    func decode(
        _ bytes: UnsafeRawBufferPointer,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws(LayerError) {
        var rest = bytes
        while !rest.isEmpty {
            if position != .inside {
                let zeros = rest.prefix { $0 == 0 }.count
                if zeros > 0 { position = .padding }
                rest = UnsafeRawBufferPointer(rebasing: rest[zeros...])
                offset += Int64(zeros)
                if rest.isEmpty { return }
                guard position == .betweenMembers else {
                    throw malformed("more after the padding at byte \(offset)")
                }
                inflateReset(&stream)
                position = .inside
            }
            let taken = try inflateSome(rest, to: consume)
            offset += Int64(taken)
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
    }

    /// Decodes up to the end of the bytes or of the member; returns the number of consumed bytes.
    private func inflateSome(
        _ bytes: UnsafeRawBufferPointer,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws(LayerError) -> Int {
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(bytes.count)
        repeat {
            stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(buffer.count)
            let result = inflate(&stream, Z_NO_FLUSH)
            if result == Z_MEM_ERROR { throw .library("zlib: not enough memory") }
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw malformed(stream.msg.map { String(cString: $0) } ?? "zlib error \(result)")
            }
            let count = buffer.count - Int(stream.avail_out)
            if count > 0 { try consume(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            if result == Z_STREAM_END {
                position = .betweenMembers
                break
            }
        } while stream.avail_in > 0 || stream.avail_out == 0
        return bytes.count - Int(stream.avail_in)
    }

    func finish() throws(LayerError) {
        if case .inside = position { throw .cut(path: path, format: "gzip", offset: offset) }
    }

    private func malformed(_ problem: String) -> LayerError {
        .malformed(path: path, format: "gzip", problem)
    }
}

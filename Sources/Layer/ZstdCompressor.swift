import ByteStream
import CSystem
import CZstd

/// Compresses a stream with libzstd's worker threads.
///
/// The output depends only on the input, the level and the window, not on the number of threads or
/// processors, nor on how the input is split into pieces. (libzstd without worker threads writes
/// other bytes, so there is always at least one.)
///
/// - Spec: RFC 8878.
public final class ZstdCompressor {
    /// Options that change the bytes, except `threads`.
    public struct Settings: Sendable {
        /// 1…19.
        public var level = 3
        /// nil means the number of processors.
        public var threads: Int?
        /// The base-2 logarithm of the window of long-distance matching; nil for none.
        public var longWindowLog: Int?

        public init() {}
    }

    private let context: OpaquePointer
    private let output: OutputBuffer
    /// The first bytes, kept until the mark can be inserted after the frame header; nil without a
    /// mark.
    private var head: [UInt8]?

    /// - Parameter isMarked: whether the first frame gets the mark that announces a trailer.
    /// - Throws: `LayerError.library`.
    public init(
        _ settings: Settings, output: OutputBuffer, isMarked: Bool
    ) throws(LayerError) {
        guard let context = ZSTD_createCCtx() else {
            throw .library("out of memory for compression")
        }
        self.context = context
        self.output = output
        head = isMarked ? [] : nil
        let threads = settings.threads ?? Int(system_processor_count())
        try set(ZSTD_c_compressionLevel, settings.level)
        try set(ZSTD_c_checksumFlag, 1)
        try set(ZSTD_c_nbWorkers, max(1, threads))
        if let windowLog = settings.longWindowLog {
            try set(ZSTD_c_enableLongDistanceMatching, 1)
            try set(ZSTD_c_windowLog, windowLog)
        }
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// The version of libzstd, on which the bytes depend too.
    public static var libraryVersion: String { String(cString: ZSTD_versionString()) }

    /// Compresses more input.
    ///
    /// - Throws: `LayerError.library`, `.stream` when the output cannot be written.
    public func compress(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while input.pos < input.size {
            _ = try step(&input, ZSTD_e_continue)
        }
    }

    /// Ends the frame; the output is not flushed.
    public func finish() throws(LayerError) {
        var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&input, ZSTD_e_end) > 0 {}
        // No frame is shorter than a header, so the kept bytes are complete.
        try release(force: true)
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int) throws(LayerError) {
        try checkZstd(ZSTD_CCtx_setParameter(context, parameter, CInt(value)))
    }

    /// One call of libzstd; returns the amount left to flush.
    private func step(
        _ input: inout ZSTD_inBuffer, _ mode: ZSTD_EndDirective
    ) throws(LayerError) -> Int {
        if head != nil { return try stepIntoHead(&input, mode) }
        do {
            let space = try output.freeSpace(atLeast: 1)
            var buffer = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
            let result = ZSTD_compressStream2(context, &buffer, &input, mode)
            output.advance(by: buffer.pos)
            return try checkZstd(result)
        } catch let error as StreamError {
            throw .stream(error)
        } catch let error as LayerError {
            throw error
        } catch {
            throw .library("\(error)")
        }
    }

    private func stepIntoHead(
        _ input: inout ZSTD_inBuffer, _ mode: ZSTD_EndDirective
    ) throws(LayerError) -> Int {
        var space = [UInt8](repeating: 0, count: 64)
        var count = 0
        let result = space.withUnsafeMutableBytes { space in
            var buffer = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
            defer { count = buffer.pos }
            return ZSTD_compressStream2(context, &buffer, &input, mode)
        }
        try checkZstd(result)
        head?.append(contentsOf: space.prefix(count))
        try release(force: false)
        return result
    }

    /// Writes the kept bytes with the mark, after the frame header is complete.
    private func release(force: Bool) throws(LayerError) {
        guard let held = head else { return }
        guard let offset = LayerMark.offset(in: held), held.count >= offset else {
            precondition(!force, "libzstd ended a frame without a header")
            return
        }
        head = nil
        do {
            try output.append(Array(held[..<offset]) + LayerMark.block + Array(held[offset...]))
        } catch {
            throw .stream(error)
        }
    }
}

import ByteStream
import CZlib
import CZstd
import Glibc
import Hashing
import OCI
import Tar
import TestSupport

@testable import Layer

/// A tar of files whose data compress a little, with its end.
func makeTar(_ data: [[UInt8]], isWhole: Bool = true) throws -> [UInt8] {
    try bytesWritten { output in
        let writer = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
        for index in data.indices {
            try writer.write(
                TarEntry(kind: .directory, path: Array("d\(index)/".utf8), mode: 0o755))
        }
        if isWhole { try writer.finish() } else { try output.flush() }
    }
}

let smallTar: [UInt8] = {
    do { return try makeTar([[], [], []]) } catch { preconditionFailure("\(error)") }
}()

/// An entry's ustar header, with its data and padding.
func tarFile(_ name: String, _ data: [UInt8]) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
        header.replaceSubrange(offset..<(offset + text.utf8.count), with: Array(text.utf8))
    }
    func octal(_ value: Int, _ width: Int) -> String {
        let digits = String(value, radix: 8)
        return String(repeating: "0", count: width - digits.count) + digits
    }
    put(name, at: 0)
    put(octal(0o644, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(data.count, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\0" + "00", at: 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    return header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
}

let tarEnd = [UInt8](repeating: 0, count: 1024)

/// A tar of one file of random bytes and repetitions, larger than several of zstd's jobs.
func largeTar(byteCount: Int) throws -> [UInt8] {
    var random = SeededGenerator(4)
    let pool = (0..<30_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var data: [UInt8] = []
    data.reserveCapacity(byteCount + pool.count)
    while data.count < byteCount {
        let start = Int.random(in: 0..<pool.count - 100, using: &random)
        data += pool[start...].prefix(Int.random(in: 20...3000, using: &random))
    }
    data.removeLast(data.count - byteCount)
    var size = String(byteCount, radix: 8)
    size = String(repeating: "0", count: 11 - size.count) + size
    var header = try Array(makeTar([[]])[..<512])
    header.replaceSubrange(124..<135, with: Array(size.utf8))
    header[156] = UInt8(ascii: "0")
    header.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    header.replaceSubrange(
        148..<155, with: Array((String(repeating: "0", count: 6 - sum.count) + sum + "\0").utf8))
    let padding = [UInt8](repeating: 0, count: (512 - byteCount % 512) % 512 + 1024)
    return header + data + padding
}

/// The output of `oci-zstd`.
func ociZstd(
    _ bytes: [UInt8], content: LayerCompressor.Content = .layer,
    settings: ZstdCompressor.Settings = ZstdCompressor.Settings()
) throws -> [UInt8] {
    try bytesWritten { output in
        try withInput(bytes) { input in
            try LayerCompressor(settings, content: content).compress(input, to: output)
        }
    }
}

/// The output of `oci-zstd --chunked`.
func ociZstdChunked(
    _ bytes: [UInt8], settings: ChunkedCompressor.Settings = ChunkedCompressor.Settings()
) throws -> [UInt8] {
    try bytesWritten { output in
        try withInput(bytes) { input in
            try ChunkedCompressor(settings).compress(input, to: output)
        }
    }
}

/// One frame as zstd(1) makes it.
func zstdFrame(_ bytes: [UInt8], hasChecksum: Bool = true) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, hasChecksum ? 1 : 0)
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = ZSTD_compress2(context, &output, output.count, bytes, bytes.count)
    precondition(ZSTD_isError(count) == 0)
    return Array(output[..<count])
}

func skippable(_ payload: [UInt8], magic: UInt32 = 0x184D_2A50) -> [UInt8] {
    withUnsafeBytes(of: magic.littleEndian) { Array($0) }
        + withUnsafeBytes(of: UInt32(payload.count).littleEndian) { Array($0) } + payload
}

/// One member as gzip(1) makes it.
func gzipMember(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    var status = zlib_deflateInit2(&stream, 6, 16 + MAX_WBITS, 8)
    precondition(status == Z_OK)
    defer { deflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    var input = bytes
    input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            status = deflate(&stream, Z_FINISH)
        }
    }
    precondition(status == Z_STREAM_END)
    return Array(output[..<Int(stream.total_out)])
}

/// A source that returns each piece in a read of its own.
final class PieceSource: ByteSource {
    private var pieces: ArraySlice<[UInt8]>

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces[...]
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let piece = pieces.popFirst() else { return 0 }
        let part = piece.prefix(buffer.count)
        buffer.copyBytes(from: part)
        if part.count < piece.count { pieces = [Array(piece.dropFirst(part.count))] + pieces }
        return part.count
    }
}

/// The result of `oci-digest` for these bytes.
func describe(
    _ pieces: [[UInt8]], declared: MediaType? = nil, verifies: Bool = false
) throws -> Descriptor {
    let source = LayerSource(
        PieceSource(pieces), path: "the layer", declared: declared, verifiesLayer: verifies)
    try drain(source)
    return source.descriptor
}

func describe(
    _ bytes: [UInt8], declared: MediaType? = nil, verifies: Bool = false
) throws -> Descriptor {
    try describe([bytes], declared: declared, verifies: verifies)
}

extension Descriptor {
    var diffID: String? { self[annotation: Annotation.uncompressed] }
}

/// Every form that a layer may have.
struct LayerForm: Sendable, CustomStringConvertible {
    let description: String
    let mediaType: MediaType
    let bytes: [UInt8]
    /// Of the uncompressed tar.
    let diffID: String

    var hasChecksum: Bool {
        mediaType != .layer && !description.contains("without a checksum")
    }

    /// The number of first bytes that could begin any format.
    var undecidedByteCount: Int {
        mediaType == .layer || description.contains("skippable") ? 3 : 0
    }

    static let all: [LayerForm] = {
        do {
            let tar = smallTar
            let (first, last) = (Array(tar[..<700]), Array(tar[700...]))
            let diffID = Digest.of(tar).description
            func form(_ text: String, _ type: MediaType, _ bytes: [UInt8]) -> LayerForm {
                LayerForm(description: text, mediaType: type, bytes: bytes, diffID: diffID)
            }
            return [
                form("plain tar", .layer, tar),
                form("gzip", .layerGzip, gzipMember(tar)),
                form("gzip of two members", .layerGzip, gzipMember(first) + gzipMember(last)),
                form("zstd with a trailer", .layerZstd, try ociZstd(tar)),
                form("zstd:chunked", .layerZstd, try ociZstdChunked(tar)),
                form("zstd without a trailer", .layerZstd, try ociZstd(tar, content: .tar)),
                form("zstd(1)", .layerZstd, zstdFrame(tar)),
                form("zstd(1) without a checksum", .layerZstd, zstdFrame(tar, hasChecksum: false)),
                form("zstd of two frames", .layerZstd, zstdFrame(first) + zstdFrame(last)),
                form(
                    "zstd with skippable frames", .layerZstd,
                    skippable([1, 2, 3]) + zstdFrame(first) + skippable([]) + zstdFrame(last)),
            ]
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}

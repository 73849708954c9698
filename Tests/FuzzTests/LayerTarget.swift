import ByteStream
import CZlib
import CZstd
import Hashing
import OCI

@testable import Layer
@testable import Tar

/// The bytes as a layer, and a layer made of them; the first byte chooses the form.
@Sendable func checkLayer(_ input: [UInt8]) throws {
    try checkStream(input)
    guard let recipe = input.first else { return }
    try checkStream(assembled(recipe, repaired(Array(input.dropFirst()))))
}

private func checkStream(_ bytes: [UInt8]) throws {
    let verified = try outcome { try inspect(bytes, sizes: [], verifies: true) }
    let trusted = try outcome { try inspect(bytes, sizes: [], verifies: false) }
    if let verified = verified.value {
        try expect(trusted.value == verified, "verified \(verified), but else \(trusted)")
    }
    for sizes in ChunkedSource.cuts(of: bytes).dropFirst() {
        for (verifies, whole) in [(true, verified), (false, trusted)] {
            let other = try outcome { try inspect(bytes, sizes: sizes, verifies: verifies) }
            // Which of several faults is found first depends on the pieces.
            try expect(
                other == whole || (other.isRefused && whole.isRefused),
                "in pieces of \(sizes): \(other), else \(whole)")
        }
    }
    try checkUnpackedContent(bytes, verified)
}

private func inspect(
    _ bytes: [UInt8], sizes: [Int], verifies: Bool,
    consume: LayerInspector.ContentConsumer? = nil
) throws -> LayerInspector.Result {
    let inspector = LayerInspector(path: "fuzz", verifiesLayer: verifies, consume: consume)
    try forEachPiece(of: bytes, sizes: sizes) { try inspector.update($0) }
    return try inspector.finish()
}

/// A consumer gets the bytes whose digest is the diffID, and they are a tar.
private func checkUnpackedContent(
    _ bytes: [UInt8], _ verified: Outcome<LayerInspector.Result>
) throws {
    var content: [UInt8] = []
    let unpacked = try outcome {
        try inspect(bytes, sizes: [], verifies: true) { (bytes) throws(LayerError) in
            guard content.count + bytes.count < 32 << 20 else {
                throw .bomb(path: "fuzz", byteCount: 0, ratio: 0)
            }
            content += bytes
        }
    }
    guard let verified = verified.value, verified.content != .opaque, content.count < 16 << 20
    else { return }
    try expect(unpacked.value == verified, "unpacked \(unpacked), inspected \(verified)")
    if case .tar(let diffID) = verified.content {
        try expect(Digest.of(content) == diffID, "the diffID is not that of the content")
    } else {
        try expect(content == bytes, "the content of a tar is not the tar")
    }
    try follow(content, sizes: [])
}

/// Compresses, cuts, repeats and adds frames, so that the fuzzer gets past checksums.
private func assembled(_ recipe: UInt8, _ content: [UInt8]) -> [UInt8] {
    let half = content.count / 2
    let trailer = LayerTrailer(
        tar: BlobIdentity(digest: .of(content), size: Int64(content.count))
    ).frame
    let skippable: [UInt8] = [0x50 | recipe & 15, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    switch recipe >> 4 {
    case 0: return rawFrame(content, isMarked: recipe & 1 != 0) + trailer
    case 1: return rawFrame(content, isMarked: recipe & 1 != 0) + trailer.dropLast()
    case 2: return zstd(content) + trailer
    case 3: return zstd(content) + skippable
    case 4: return skippable + zstd(content)
    case 5: return zstd(Array(content[..<half])) + skippable + zstd(Array(content[half...]))
    case 6: return gzip(content)
    case 7: return gzip(Array(content[..<half])) + gzip(Array(content[half...])) + [0, 0, 0]
    case 8: return Array(gzip(content).dropLast(Int(recipe & 15)))
    case 9: return Array(zstd(content).dropLast(Int(recipe & 15)))
    case 10: return rawFrame(content, isMarked: true) + zstd(content) + trailer
    case 11: return rawFrame(content, isMarked: true) + trailer + trailer
    case 12: return gzip(content) + content
    case 13: return zstd(zstd(content))
    case 14: return rawFrame(content, isMarked: recipe & 1 != 0)
    default: return content + [UInt8](repeating: 0, count: Int(recipe & 15) * 512)
    }
}

/// A zstd frame of raw blocks, as RFC 8878 has it, of at most 64 KiB each.
private func rawFrame(_ content: [UInt8], isMarked: Bool) -> [UInt8] {
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]
    if isMarked { bytes += LayerMark.block }
    var rest = content[...]
    repeat {
        let block = rest.prefix(64 << 10)
        rest = rest.dropFirst(block.count)
        let header = UInt32(block.count) << 3 | (rest.isEmpty ? 1 : 0)
        bytes += [UInt8(header & 255), UInt8(header >> 8 & 255), UInt8(header >> 16)]
        bytes += block
    } while !rest.isEmpty
    return bytes
}

private func zstd(_ content: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
    let count = ZSTD_compress(&output, output.count, content, content.count, 1)
    precondition(ZSTD_isError(count) == 0)
    return Array(output[..<count])
}

private func gzip(_ content: [UInt8]) -> [UInt8] {
    // One stored block for every 65,535 bytes: zlib's own checksum, and no compression.
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = content[...]
    repeat {
        let block = rest.prefix(0xFFFF)
        rest = rest.dropFirst(block.count)
        let (low, high) = (UInt8(block.count & 255), UInt8(block.count >> 8))
        bytes += [rest.isEmpty ? 1 : 0, low, high, ~low, ~high]
        bytes += block
    } while !rest.isEmpty
    let checksum = UInt32(crc32(0, content, UInt32(content.count)))
    for value in [checksum, UInt32(content.count)] {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    return bytes
}

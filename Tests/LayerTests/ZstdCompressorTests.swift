import ByteStream
import CZstd
import Hashing
import OCI
import Tar
import TestSupport
import Testing

@testable import Layer

private func compressed(
    _ pieces: [[UInt8]], threads: Int?, level: Int = 3, long: Int? = nil, isMarked: Bool = true
) throws -> [UInt8] {
    var settings = ZstdCompressor.Settings()
    settings.threads = threads
    settings.level = level
    settings.longWindowLog = long
    return try bytesWritten { output in
        let compressor = try ZstdCompressor(settings, output: output, isMarked: isMarked)
        for piece in pieces {
            try piece.withRawBytes { (bytes) throws(LayerError) in try compressor.compress(bytes) }
        }
        try compressor.finish()
        try output.flush()
    }
}

private func decompressed(_ bytes: [UInt8]) throws -> [UInt8] {
    let decoder = try ZstdDecoder(path: "the layer")
    var result: [UInt8] = []
    try bytes.withRawBytes { (bytes) throws(LayerError) in
        try decoder.decode(bytes) { (bytes) throws(LayerError) in result += bytes }
    }
    try decoder.finish()
    return result
}

@Suite struct ZstdCompressorTests {
    /// Several jobs of 2 and of 8 MiB, so that threads share the work.
    @Test(arguments: zip([1, 3], [7 << 20, 18 << 20]))
    func theSameForEveryNumberOfThreads(_ level: Int, _ byteCount: Int) throws {
        let tar = try largeTar(byteCount: byteCount)
        let reference = try compressed([tar], threads: 1, level: level)
        let isTar = try decompressed(reference) == tar
        #expect(isTar)
        var random = SeededGenerator(6)
        for threads in [2, 3, 4, nil] {
            let pieces = random.pieces(of: tar, limit: 5_000_000)
            let bytes = try compressed(pieces, threads: threads, level: level)
            // The arrays are too large for a failure's message.
            let isSame = bytes == reference
            #expect(isSame, "\(threads ?? 0) threads")
        }
    }

    @Test func smallInputsInAnyPieces() throws {
        var random = SeededGenerator(8)
        for count in [1, 2, 100, 512, 1024, 70_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) }
            let reference = try compressed([bytes], threads: 1)
            #expect(try decompressed(reference) == bytes)
            for threads in 1...4 {
                let pieces = random.pieces(of: bytes, limit: max(1, count / 3))
                #expect(try compressed(pieces, threads: threads) == reference)
            }
        }
    }

    /// The mark is three bytes in the first frame and nothing else.
    @Test func theMark() throws {
        for byteCount in [1000, 300_000] {
            let tar = try largeTar(byteCount: byteCount)
            let plain = try compressed([tar], threads: 1, isMarked: false)
            let marked = try compressed([tar], threads: 1)
            let offset = try #require(LayerMark.offset(in: plain))
            #expect(marked == plain[..<offset] + [0, 0, 0] + plain[offset...])
            let trailer = LayerTrailer(tar: BlobIdentity(digest: .of(tar), size: Int64(tar.count)))
            #expect(try ociZstd(tar) == marked + trailer.frame)
            #expect(try ociZstd(tar, content: .tar) == plain)
            #expect(try ociZstd(tar, content: .any) == plain)
        }
    }

    @Test(arguments: [10, 20, 27])
    func longDistances(_ windowLog: Int) throws {
        let tar = try largeTar(byteCount: 100_000)
        let reference = try compressed([tar], threads: 1, long: windowLog)
        #expect(try compressed([tar], threads: 3, long: windowLog) == reference)
        var settings = ZstdCompressor.Settings()
        settings.longWindowLog = windowLog
        let layer = try ociZstd(tar, settings: settings)
        // Our own output can be checked, whatever window it needs.
        #expect(try describe(layer, verifies: true).diffID == Digest.of(tar).description)
    }

    @Test func levels() throws {
        let tar = try largeTar(byteCount: 200_000)
        for level in 1...19 {
            let bytes = try compressed([tar], threads: 1, level: level)
            #expect(try decompressed(bytes) == tar)
        }
    }

    @Test func whatIsNoTarGetsNoEnd() throws {
        let whole = smallTar
        for input in [
            [], Array("text\n".utf8), Array(whole.dropLast(1)), Array(whole.dropLast(1024)),
            Array(whole[..<512]), whole + [1], [UInt8](repeating: 0, count: 512),
        ] {
            for content in [LayerCompressor.Content.layer, .tar] {
                #expect(throws: LayerError.self) { try ociZstd(input, content: content) }
            }
        }
        #expect(throws: LayerError.self) { try ociZstd([], content: .any) }
        #expect(
            try decompressed(ociZstd(Array("text\n".utf8), content: .any)) == Array("text\n".utf8))
        try #expect(decompressed(ociZstd([UInt8](repeating: 0, count: 1025))).count == 1025)
    }
}

@Suite struct DecoderTests {
    /// Little input with more output than the buffer holds.
    @Test func zerosExpand() throws {
        let zeros = [UInt8](repeating: 0, count: 3_000_000)
        #expect(try decompressed(zstdFrame(zeros)) == zeros)
        let decoder = try GzipDecoder(path: "the layer")
        var count = 0
        try gzipMember(zeros).withRawBytes { (bytes) throws(LayerError) in
            try decoder.decode(bytes) { (bytes) throws(LayerError) in count += bytes.count }
        }
        try decoder.finish()
        #expect(count == zeros.count)
    }
}

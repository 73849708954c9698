import ByteStream
import Hashing
import OCI
import TestSupport
import Testing

@testable import Layer

private func randomBytes(_ count: Int, seed: UInt64 = 3) -> [UInt8] {
    var random = SeededGenerator(seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
}

@Suite struct CRC64Tests {
    @Test func checkValue() {
        var checksum = CRC64()
        Array("123456789".utf8).withUnsafeBytes { checksum.update($0) }
        #expect(checksum.value == 0xB909_56C7_75A4_1001)
        #expect(checksum.bytes == [0xB9, 0x09, 0x56, 0xC7, 0x75, 0xA4, 0x10, 0x01])
        #expect(CRC64().value == 0)
    }

    @Test func splitsDoNotMatter() {
        let bytes = randomBytes(1000)
        var whole = CRC64()
        bytes.withUnsafeBytes { whole.update($0) }
        var random = SeededGenerator(8)
        for limit in [1, 7, 8, 9, 100] {
            var checksum = CRC64()
            for piece in random.pieces(of: bytes, limit: limit) {
                piece.withUnsafeBytes { checksum.update($0) }
            }
            #expect(checksum.value == whole.value)
        }
    }
}

@Suite struct ChunkBoundaryTests {
    private func cuts(_ bytes: [UInt8], _ boundary: ChunkBoundary) -> [Int] {
        var cuts: [Int] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + boundary.largest)
            let count = bytes[start..<end].withUnsafeBytes { boundary.end(in: $0, known: 0) }
            start += count ?? bytes.count - start
            cuts.append(start)
        }
        return cuts
    }

    /// Where a file is cut depends only on the bytes near the cut.
    @Test func equalPartsAreEqualChunks() {
        let bytes = randomBytes(6 << 20)
        let one = cuts(bytes, .byContent)
        let other = cuts(randomBytes(12_345, seed: 9) + bytes, .byContent)
        let common = Set(one).intersection(other.map { $0 - 12_345 })
        #expect(one.count > 20 && common.count > one.count * 3 / 4)
        let sizes = zip(one, [0] + one).map { $0 - $1 }
        #expect(sizes.allSatisfy { $0 <= 1 << 20 })
        #expect(sizes.dropLast().allSatisfy { $0 >= 64 << 10 })
    }

    /// The rolling sum depends only on the window, not on where it began.
    @Test func anyBeginningGivesTheSameCut() {
        let bytes = randomBytes(1 << 20)
        bytes.withUnsafeBytes { bytes in
            let whole = ChunkBoundary.byContent.end(in: bytes, known: 0)
            for known in stride(from: 0, to: whole ?? bytes.count, by: 9973) {
                #expect(ChunkBoundary.byContent.end(in: bytes, known: known) == whole)
            }
        }
    }

    /// Where the rolling sum of bup ends a chunk, rolled byte by byte from the beginning.
    private func rolledEnd(of bytes: [UInt8], smallest: Int) -> Int? {
        var (low, high): (UInt32, UInt32) = (64 * 31, 64 * 63 * 31)
        for (index, byte) in bytes.enumerated() {
            let dropped = index < 64 ? 0 : UInt32(bytes[index - 64])
            low = low &+ UInt32(byte) &- dropped
            high = high &+ low &- 64 &* (dropped &+ 31)
            if index >= smallest - 1, high & 0xFFFF == 0xFFFF { return index + 1 }
        }
        return nil
    }

    @Test func theSumIsTheOneThatRolls() {
        let boundary = ChunkBoundary(largest: 1 << 20, smallest: 65)
        for seed: UInt64 in 1...12 {
            let bytes = randomBytes(100_003 + Int(seed), seed: seed)
            let end = rolledEnd(of: bytes, smallest: 65)
            bytes.withUnsafeBytes { bytes in
                #expect(boundary.end(in: bytes, known: 0) == end)
                guard let end else { return }
                for count in end..<min(end + 9, bytes.count) {
                    let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                    for known in max(0, end - 17)..<end {
                        #expect(boundary.end(in: part, known: known) == end)
                    }
                }
                let before = UnsafeRawBufferPointer(rebasing: bytes[..<(end - 1)])
                #expect(boundary.end(in: before, known: 0) == nil)
            }
        }
    }

    @Test func fixedSizes() {
        #expect(cuts(randomBytes(200_000), .every(65_536)) == [65_536, 131_072, 196_608, 200_000])
    }

    @Test func whatNeverCutsIsCutAtTheLargest() {
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        #expect(cuts(zeros, .byContent) == [1 << 20, 2 << 20, 3 << 20])
    }
}

@Suite struct ChunkedFooterTests {
    @Test func golden() {
        let footer = ChunkedFooter(
            table: ChunkedFooter.Position(offset: 1, byteCount: 2, uncompressedByteCount: 0x304),
            tarSplit: ChunkedFooter.Position(offset: 5, byteCount: 6, uncompressedByteCount: 7))
        func number(_ low: UInt8, _ high: UInt8 = 0) -> [UInt8] { [low, high, 0, 0, 0, 0, 0, 0] }
        #expect(
            footer.payload == number(1) + number(2) + number(4, 3) + number(1) + number(5)
                + number(6) + number(7) + [0x47, 0x4E, 0x55, 0x6C, 0x49, 0x6E, 0x55, 0x78])
        #expect(ChunkedFooter(payload: footer.payload) == footer)
        var other = footer.payload
        other[24] = 2
        #expect(ChunkedFooter(payload: other) == nil)
        #expect(ChunkedFooter(payload: Array(footer.payload.dropLast())) == nil)
        #expect(ChunkedFooter(payload: [UInt8](repeating: 0, count: 64)) == nil)
    }
}

@Suite struct ChunkedCompressorTests {
    /// Files of every kind of size, one of them cut.
    private static let tar: [UInt8] = {
        let files: [(String, [UInt8])] = [
            ("empty", []), ("one", [1]), ("block", randomBytes(512)),
            ("large", randomBytes(3_000_000)),
            ("zeros", [UInt8](repeating: 0, count: 2_500_000)), ("last", Array("the end".utf8)),
        ]
        return files.flatMap { tarFile($0.0, $0.1) } + tarEnd
    }()

    @Test func theSameForAnyThreads() throws {
        let one = try ociZstdChunked(Self.tar, settings: ChunkedCompressor.Settings(threads: 1))
        for threads in [2, 3, 8] {
            let other = try ociZstdChunked(
                Self.tar, settings: ChunkedCompressor.Settings(threads: threads))
            #expect(other == one)
        }
        let descriptor = try describe(one, verifies: true)
        #expect(descriptor.diffID == Digest.of(Self.tar).description)
        #expect(try describe(one) == descriptor)
        #expect(descriptor[annotation: Annotation.chunkedTableDigest] != nil)
    }

    @Test func annotationsAreThoseOfTheStream() throws {
        let layer = try ociZstdChunked(Self.tar)
        let descriptor = try describe(layer)
        let position = try #require(descriptor[annotation: Annotation.chunkedTablePosition])
        let numbers = position.split(separator: ":").compactMap { Int($0) }
        let table = Array(layer[numbers[0]..<(numbers[0] + numbers[1])])
        #expect(numbers[3] == 1)
        #expect(
            descriptor[annotation: Annotation.chunkedTableDigest] == Digest.of(table).description)
    }

    /// A stream of another program has no mark; its table is found nevertheless.
    @Test func withoutTheMark() throws {
        let layer = try ociZstdChunked(smallTar)
        let offset = try #require(LayerMark.offset(in: layer))
        let marked = Array(layer[offset...].prefix(LayerMark.chunked.count))
        #expect(marked == LayerMark.chunked)
        let trailer = try #require(trailerRange(in: layer))
        // The output of a writer without trailer and mark: offsets are smaller.
        let data = Array(layer[..<offset] + layer[(offset + marked.count)..<trailer.lowerBound])
        let foreign = data + shifted(layer, from: trailer.upperBound, to: data.count)
        let descriptor = try describe(foreign)
        #expect(descriptor.diffID == Digest.of(smallTar).description)
        #expect(
            descriptor[annotation: Annotation.chunkedTableDigest]
                == (try describe(layer))[annotation: Annotation.chunkedTableDigest])
        // Frames before the table that are not tables, truncated or damaged, do no harm.
        let frame = zstdFrame(randomBytes(100_000))
        let broken = [[1], [], Array(frame.dropLast(9)), [40, 181, 47, 253, 255], frame, [7]]
        let others = data + broken.flatMap { skippable($0) }
        let behind = others + shifted(layer, from: trailer.upperBound, to: others.count)
        #expect(
            try describe(behind)[annotation: Annotation.chunkedTableDigest]
                == descriptor[annotation: Annotation.chunkedTableDigest])
        // A footer that does not match makes it a plain zstd layer.
        let plain = try describe([data, Array(layer[trailer.upperBound...])])
        #expect(plain.diffID == descriptor.diffID)
        #expect(plain[annotation: Annotation.chunkedTableDigest] == nil)
    }

    @Test func whatDoesNotAgreeIsRefused() throws {
        let layer = try ociZstdChunked(smallTar)
        let trailer = try #require(trailerRange(in: layer))
        let data = Array(layer[..<trailer.lowerBound])
        let own = Array(layer[trailer])
        let table = Array(layer[trailer.upperBound...])
        let other = LayerTrailer(tar: BlobIdentity(digest: .of([1]), size: 1)).frame
        let layers: [[[UInt8]]] = [
            [data, table], [data, other, table], [data, own, own, table], [layer, own],
            [layer, skippable([])], [layer, zstdFrame(smallTar)], [data, own],
            [data, own, skippable([1]), table],
            [layer.dropLast(72), skippable([UInt8](repeating: 0, count: 64))],
        ]
        for pieces in layers {
            for verifies in [false, true] {
                #expect(throws: LayerError.self) { try describe(pieces, verifies: verifies) }
            }
        }
    }

    @Test(arguments: [
        "twice", "./twice", ".//twice", "././twice", "a/../twice", "b/./../twice", "twice/",
        "twice//", "twice/.",
    ])
    func onePathTwice(_ name: String) throws {
        #expect {
            try ociZstdChunked(tarFile("twice", [1]) + tarFile(name, [2]) + tarEnd)
        } throws: { error in
            (error as? LayerError)?.message.contains("twice") == true
                && (error as? LayerError)?.exitStatus == .dataError
        }
    }

    /// Names that look alike are not the same.
    @Test func otherPaths() throws {
        let names = ["a", ".a", "..a", "a.", "./.b", "b", "/a", "/b", "c/a", "c/.a", "../a"]
        let tar = names.flatMap { tarFile($0, [1]) } + tarEnd
        let layer = try ociZstdChunked(tar)
        #expect(try describe(layer, verifies: true).diffID == Digest.of(tar).description)
    }

    @Test func cutTarsHaveNoEnd() throws {
        for count in [0, 100, 512, 513, 1500, Self.tar.count - 1024, Self.tar.count - 1] {
            #expect(throws: LayerError.self) { try ociZstdChunked(Array(Self.tar[..<count])) }
        }
        for count in [1024, 5000, 20 << 20] {
            let padded = smallTar + [UInt8](repeating: 0, count: count)
            #expect(
                try describe(ociZstdChunked(padded), verifies: true).diffID
                    == Digest.of(padded).description)
        }
    }

    private func trailerRange(in layer: [UInt8]) -> Range<Int>? {
        let magic = skippableHeader(LayerTrailer.magic, 0).prefix(4)
        return layer.indices.first { layer[$0...].starts(with: magic) }.map {
            $0..<($0 + 8 + Int(layer[$0 + 4]) + Int(layer[$0 + 5]) << 8)
        }
    }

    /// The frames from `start` on, moved to another offset.
    private func shifted(_ layer: [UInt8], from start: Int, to place: Int) -> [UInt8] {
        guard var footer = ChunkedFooter(payload: Array(layer.suffix(64))) else { return [] }
        footer.table.offset = footer.table.offset - UInt64(start) + UInt64(place)
        footer.tarSplit.offset = footer.tarSplit.offset - UInt64(start) + UInt64(place)
        return layer[start...].dropLast(64) + footer.payload
    }
}

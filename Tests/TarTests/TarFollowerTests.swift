import ByteStream
import TestSupport
import Testing

@testable import Tar

@Suite struct TarFollowerTests {
    @Test(arguments: [1, 7, 511, 512, 513, 4096, 100_000])
    func splitsDoNotMatter(_ limit: Int) throws {
        var random = SeededGenerator(UInt64(limit))
        for _ in 0..<20 { try follow(pieces: random.pieces(of: mixedArchive, limit: limit)) }
    }

    @Test func everyCutIsFound() {
        for count in 0..<mixedArchive.count {
            #expect(throws: TarError.self, "cut at \(count)") {
                try follow(Array(mixedArchive[..<count]))
            }
        }
    }

    @Test func nothingIsEmpty() {
        #expect {
            try follow([])
        } throws: { error in
            if case .empty = error as? TarError { true } else { false }
        }
    }

    /// Also when the input is smaller than a block, and in any pieces.
    @Test(arguments: [(#"{"a":1}"#, InputFormat.json), ("\u{1F}\u{8B}", .gzip), ("BZh", .bzip2)])
    func otherFormatsAreNamed(_ beginning: String, _ format: InputFormat) {
        let start = beginning.unicodeScalars.map { UInt8($0.value) }
        for bytes in [start, start + Array(repeating: 0x20, count: 600)] {
            for pieces in [[bytes], bytes.map { [$0] }] {
                #expect {
                    try follow(pieces: pieces)
                } throws: { error in
                    guard case .wrongFormat(_, format) = error as? TarError else { return false }
                    return true
                }
            }
        }
    }

    @Test(arguments: [0, 1, 511, 512, 513, 9216, 1_000_000])
    func paddingOfAnyLength(_ count: Int) throws {
        try follow(mixedArchive + zeros(count))
        try follow(zeros(1024 + count))
    }

    @Test(arguments: [0, 1, 511, 512, 700])
    func whatIsNotZeroAfterTheEnd(_ count: Int) throws {
        let archive = mixedArchive + zeros(count)
        #expect(throws: TarError.self) { try follow(archive + [1]) }
        try follow(pieces: [archive + [1]], isEndProved: true)
        try follow(pieces: [archive + mixedArchive], isEndProved: true)
    }

    /// Unless a digest proves that nothing is missing.
    @Test func aSingleZeroBlockIsNoEnd() throws {
        let entry = ForeignHeader().bytes
        for archive in [entry + zeros(512), entry + zeros(700), zeros(512), zeros(1023)] {
            #expect(throws: TarError.self) { try follow(archive) }
            try follow(pieces: [archive], isEndProved: true)
        }
        let between = entry + zeros(512) + entry + endOfArchive
        #expect(throws: TarError.self) { try follow(between) }
        #expect(throws: TarError.self) { try follow(pieces: [between], isEndProved: true) }
        #expect(throws: TarError.self) {
            try follow(pieces: [entry + zeros(511)], isEndProved: true)
        }
    }

    /// Zero blocks in a file's data are data.
    @Test func zerosInDataAreNoEnd() throws {
        let entry = ForeignHeader().entry(zeros(2048))
        #expect(throws: TarError.self) { try follow(entry) }
        try follow(entry + endOfArchive)
    }

    @Test func everyFlippedByteOfAHeaderIsFound() {
        let header = ForeignHeader().bytes
        for index in 0..<512 where !(154..<156).contains(index) {
            var flipped = header
            flipped[index] ^= 1
            #expect(throws: TarError.self, "byte \(index)") { try follow(flipped + endOfArchive) }
        }
    }

    @Test func checksumsOfSignedBytes() throws {
        var header = ForeignHeader().with { $0.name = [0xE9, 0xE9] }.bytes
        let sum = header.enumerated().reduce(0) { sum, element in
            (148..<156).contains(element.offset)
                ? sum + 32 : sum + Int(Int8(bitPattern: element.element))
        }
        let digits = String(sum, radix: 8)
        header.replaceSubrange(
            148..<156,
            with: ascii(String(repeating: "0", count: 6 - digits.count) + digits + "\0 "))
        try follow(header + endOfArchive)
    }

    @Test func sizesFromWhereverTheyCome() throws {
        let data = padded(zeros(700).map { _ in 0xAA })
        // Base 256, in which GNU tar writes sizes that octal cannot hold.
        let base256: [UInt8] = [0x80] + zeros(9) + [0x02, 0xBC]
        try follow(ForeignHeader(format: .gnu, size: base256).bytes + data + endOfArchive)
        let record = extended("x", paxRecords([("size", ascii("700"))]))
        try follow(record + ForeignHeader().bytes + data + endOfArchive)
        // The record applies to one entry only, even if the entry has no data.
        try follow(record + ForeignHeader().bytes + data + ForeignHeader().bytes + endOfArchive)
        try follow(
            record + ForeignHeader(type: UInt8(ascii: "5")).bytes + ForeignHeader().bytes
                + endOfArchive)
        // Spaces in place of leading zeros, and none at the end.
        try follow(ForeignHeader(size: ascii("       1274 ")).bytes + data + endOfArchive)
        try follow(ForeignHeader(size: ascii("000000001274")).bytes + data + endOfArchive)
    }

    @Test func whatHasNoDataHasNoneWhateverItsSize() throws {
        for type in ascii("123456") {
            let header = ForeignHeader(type: type, size: octal(700)).bytes
            try follow(header + endOfArchive)
        }
    }

    @Test func oldSparseMapsArePassed() throws {
        let data = padded(zeros(700).map { _ in 0xBB })
        let header = ForeignHeader(
            format: .gnu, type: UInt8(ascii: "S"), size: octal(700),
            more: [(482, [1])]
        ).bytes
        let map = block([(0, ascii("00000000000\0")), (504, [1])])
        let last = block([(0, ascii("00000000000\0"))])
        try follow(header + map + last + data + endOfArchive)
        #expect(throws: TarError.self) { try follow(header + last + endOfArchive) }
    }

    @Test(arguments: [
        "x", "5 a", "6 a=b", "5 a=\n6 b=c", "0 a=b\n", "99 a=b\n", "-6 a=b\n", " 6 a=b\n", "a=b\n",
        "99999999999999999999 a=b\n", "10 size=x\n", "11 size=-1\n",
        "29 size=99999999999999999999\n", "6 ab\n\n",
    ])
    func malformedRecords(_ text: String) {
        let archive = extended("x", ascii(text)) + ForeignHeader().bytes + endOfArchive
        #expect(throws: TarError.self) { try follow(archive) }
        #expect(throws: TarError.self) { try readEntries(archive) }
    }

    @Test func numbersThatAreNone() {
        for size in ["0000000000x\0", "-0000000001\0", "8\0", "1 1\0"] {
            let header = ForeignHeader(size: ascii(size)).bytes
            #expect(throws: TarError.self, "\(size)") { try follow(header + endOfArchive) }
        }
        let negative: [UInt8] = [UInt8](repeating: 0xFF, count: 12)
        #expect(throws: TarError.self) {
            try follow(ForeignHeader(size: negative).bytes + endOfArchive)
        }
        let huge: [UInt8] = [0x80] + [UInt8](repeating: 0xFF, count: 11)
        #expect(throws: TarError.self) {
            try follow(ForeignHeader(size: huge).bytes + endOfArchive)
        }
    }

    /// A size beyond the address space does not trap: the tar is truncated.
    @Test(arguments: [UInt64(Int64.max), UInt64(Int64.max) - 511, 1 << 62])
    func hugeSizes(_ size: UInt64) {
        let archive =
            extended("x", paxRecords([("size", ascii(String(size)))])) + ForeignHeader().bytes
            + endOfArchive
        #expect {
            try follow(archive)
        } throws: { error in
            if case .cut = error as? TarError { true } else { false }
        }
        #expect {
            try readEntries(archive)
        } throws: { error in
            if case .cut = error as? TarError { true } else { false }
        }
        #expect {
            try withInput(archive) { input in
                var reader = TarReader(input)
                _ = try reader.next()
                try reader.skipData()
            }
        } throws: { error in
            if case .cut = error as? TarError { true } else { false }
        }
    }

    /// If one reader refuses an archive, the other does too.
    @Test(arguments: [UInt64(Int64.max) + 1, UInt64.max])
    func sizesBeyondFileOffsets(_ size: UInt64) {
        isMalformed(
            extended("x", paxRecords([("size", ascii(String(size)))])) + ForeignHeader().bytes
                + endOfArchive)
    }

    @Test(arguments: "xgLK")
    func extendedHeadersHaveALimit(_ type: Character) throws {
        func archive(_ count: Int) -> [UInt8] {
            // One record, which could also be a name.
            let text = "\(count) comment="
            let data = ascii(text + String(repeating: "c", count: count - text.count - 1) + "\n")
            return extended(type, data) + ForeignHeader().bytes + endOfArchive
        }
        try follow(archive(PaxRecords.byteLimit))
        #expect(try readEntries(archive(PaxRecords.byteLimit)).count == 1)
        isMalformed(archive(PaxRecords.byteLimit + 1))
    }

    private func isMalformed(_ archive: [UInt8]) {
        func isMalformed(_ error: any Error) -> Bool {
            if case .malformed = error as? TarError { true } else { false }
        }
        #expect(performing: { try follow(archive) }, throws: isMalformed)
        #expect(performing: { try readEntries(archive) }, throws: isMalformed)
    }

    @Test func ofTwoExtendedHeadersTheSecondCounts() throws {
        let archive =
            extended("x", paxRecords([("size", ascii("700"))]))
            + extended("x", paxRecords([("comment", ascii("x"))])) + ForeignHeader().bytes
            + endOfArchive
        try follow(archive)
        #expect(try readEntries(archive).map(\.entry.size) == [0])
    }

    @Test func whereAPieceBeginsIsNotInTheMessage() {
        let header = ForeignHeader().with { $0.name = ascii("x") }.bytes
        var broken = header + header
        broken[512] ^= 1
        for limit in [1, 100, 512, 1024] {
            var random = SeededGenerator(UInt64(limit))
            #expect {
                try follow(pieces: random.pieces(of: broken, limit: limit))
            } throws: { error in
                if case .malformed(_, 512, _) = error as? TarError { true } else { false }
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(7)
        for _ in 0..<2000 {
            var bytes = mixedArchive
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            // With right checksums the damage is found later.
            for offset in stride(from: 0, to: bytes.count - 1024, by: 512)
            where bytes[(offset + 257)..<(offset + 262)].elementsEqual(ascii("ustar")) {
                let header = Array(bytes[offset..<(offset + 512)])
                bytes.replaceSubrange(offset..<(offset + 512), with: checksummed(header))
            }
            let follows = (try? follow(pieces: [bytes], isEndProved: true)) != nil
            let reads = (try? readEntries(bytes)) != nil
            // What the reader accepts, the follower accepts too.
            #expect(follows || !reads)
        }
    }
}

import TestSupport
import Testing

@testable import Tar

/// The fields of a golden header as text; the checksums were computed by another program.
private struct Golden {
    var name: [UInt8] = ascii("f")
    var mode = "0000644"
    var uid = "0000000"
    var gid = "0000000"
    var size = "00000000000"
    var time = "00000000000"
    var type: Character = "0"
    var link: [UInt8] = []
    var prefix: [UInt8] = []
    var major = "0000000"
    var minor = "0000000"
    let checksum: String

    var bytes: [UInt8] {
        block([
            (0, name), (100, ascii(mode)), (108, ascii(uid)), (116, ascii(gid)),
            (124, ascii(size)), (136, ascii(time)), (148, ascii(checksum + "\0 ")),
            (156, ascii(String(type))), (157, link), (257, ascii("ustar\u{0}00")),
            (329, ascii(major)), (337, ascii(minor)), (345, prefix),
        ])
    }

    /// The pax header in front of an entry, and its records.
    static func pax(
        _ name: String, size: String, checksum: String, _ records: [UInt8]
    ) -> [UInt8] {
        Golden(
            name: ascii("PaxHeaders.0/" + name), size: size, type: "x", checksum: checksum
        ).bytes + padded(records)
    }
}

private func entry(
    _ kind: TarEntry.Kind = .file, _ path: [UInt8] = ascii("f"), mode: UInt32 = 0o644,
    link: [UInt8] = [], change: (inout TarEntry) -> Void = { _ in }
) -> TarEntry {
    var entry = TarEntry(kind: kind, path: path, mode: mode)
    entry.linkTarget = link
    change(&entry)
    return entry
}

private func text(_ character: Character, _ count: Int) -> [UInt8] {
    ascii(String(repeating: character, count: count))
}

@Suite struct HeaderEncoderTests {
    @Test func plainFile() {
        let encoded = HeaderEncoder.encode(
            entry(.file, ascii("dir/file"), mode: 0o4755) {
                $0.size = 5
                $0.modificationTime = 1_700_000_000
                $0.uid = 1000
                $0.gid = 1001
            })
        let golden = Golden(
            name: ascii("dir/file"), mode: "0004755", uid: "0001750", gid: "0001751",
            size: "00000000005", time: "14524770400", checksum: "010724")
        #expect(encoded == golden.bytes)
    }

    @Test func whatIsNoFile() {
        let cases: [(TarEntry, Golden)] = [
            (
                entry(.directory, ascii("dir/"), mode: 0o1777),
                Golden(name: ascii("dir/"), mode: "0001777", type: "5", checksum: "007770")
            ),
            (
                entry(.symbolicLink, ascii("link"), mode: 0o777, link: ascii("../a b")),
                Golden(
                    name: ascii("link"), mode: "0000777", type: "2", link: ascii("../a b"),
                    checksum: "010642")
            ),
            (
                entry(.hardLink, ascii("b"), link: ascii("a")),
                Golden(name: ascii("b"), type: "1", link: ascii("a"), checksum: "007501")
            ),
            (
                entry(.characterDevice, ascii("null"), mode: 0o666) {
                    ($0.deviceMajor, $0.deviceMinor) = (1, 3)
                },
                Golden(
                    name: ascii("null"), mode: "0000666", type: "3", major: "0000001",
                    minor: "0000003", checksum: "010103")
            ),
            (
                entry(.blockDevice, ascii("loop"), mode: 0o660) {
                    ($0.deviceMajor, $0.deviceMinor) = (259, 0o3777777)
                    $0.gid = 6
                },
                Golden(
                    name: ascii("loop"), mode: "0000660", gid: "0000006", type: "4",
                    major: "0000403", minor: "3777777", checksum: "010163")
            ),
            (
                entry(.fifo, ascii("fifo")),
                Golden(name: ascii("fifo"), type: "6", checksum: "010047")
            ),
        ]
        for (entry, golden) in cases { #expect(HeaderEncoder.encode(entry) == golden.bytes) }
    }

    @Test func namesThatFitTheTwoFields() {
        let cases: [([UInt8], Golden)] = [
            (text("n", 100), Golden(name: text("n", 100), checksum: "034565")),
            (
                ascii("p/") + text("n", 99),
                Golden(name: text("n", 99), prefix: ascii("p"), checksum: "034567")
            ),
            (
                text("p", 155) + ascii("/") + text("n", 100),
                Golden(name: text("n", 100), prefix: text("p", 155), checksum: "076505")
            ),
        ]
        for (path, golden) in cases {
            #expect(HeaderEncoder.encode(entry(.file, path)) == golden.bytes)
        }
        let directory = text("p", 60) + ascii("/") + text("d", 60) + ascii("/")
        #expect(
            HeaderEncoder.encode(entry(.directory, directory, mode: 0o755))
                == Golden(
                    name: text("d", 60) + ascii("/"), mode: "0000755", type: "5",
                    prefix: text("p", 60), checksum: "040144"
                ).bytes)
        #expect(
            HeaderEncoder.encode(
                entry(.symbolicLink, ascii("l"), mode: 0o777, link: text("t", 100)))
                == Golden(
                    name: ascii("l"), mode: "0000777", type: "2", link: text("t", 100),
                    checksum: "036102"
                ).bytes)
    }

    @Test func namesThatNeedAPaxHeader() {
        let cafe: [UInt8] = [0x63, 0x61, 0x66, 0xC3, 0xA9]
        #expect(
            HeaderEncoder.encode(entry(.file, cafe))
                == Golden.pax(
                    "caf", size: "00000000016", checksum: "012150",
                    ascii("14 path=") + cafe + [0x0A])
                + Golden(name: cafe, checksum: "010423").bytes)
        #expect(
            HeaderEncoder.encode(entry(.symbolicLink, ascii("l"), mode: 0o777, link: cafe))
                == Golden.pax(
                    "l", size: "00000000022", checksum: "011647",
                    ascii("18 linkpath=") + cafe + [0x0A])
                + Golden(
                    name: ascii("l"), mode: "0000777", type: "2", link: cafe, checksum: "010610"
                ).bytes)
        // No slash at which the name could be split.
        #expect(
            HeaderEncoder.encode(entry(.file, text("n", 101)))
                == Golden.pax(
                    String(repeating: "n", count: 80), size: "00000000157", checksum: "032644",
                    ascii("111 path=") + text("n", 101) + [0x0A])
                + Golden(name: text("n", 100), checksum: "034565").bytes)
    }

    /// A name that is not UTF-8 stays in the ustar fields if it fits: readers take these as bytes.
    @Test func namesThatAreNotUTF8() {
        let latin1: [UInt8] = [0x63, 0x61, 0x66, 0xE9]
        #expect(
            HeaderEncoder.encode(entry(.file, latin1))
                == Golden(name: latin1, checksum: "010220").bytes)
        #expect(
            HeaderEncoder.encode(entry(.symbolicLink, ascii("l"), mode: 0o777, link: latin1))
                == Golden(
                    name: ascii("l"), mode: "0000777", type: "2", link: latin1, checksum: "010405"
                ).bytes)
        let long = text("n", 100) + [0xE9]
        #expect(
            HeaderEncoder.encode(entry(.file, long))
                == Golden.pax(
                    String(repeating: "n", count: 80), size: "00000000204", checksum: "032635",
                    ascii("21 hdrcharset=BINARY\n111 path=") + long + [0x0A])
                + Golden(name: text("n", 100), checksum: "034565").bytes)
        #expect(
            HeaderEncoder.encode(entry(.symbolicLink, ascii("l"), mode: 0o777, link: long))
                == Golden.pax(
                    "l", size: "00000000210", checksum: "011646",
                    ascii("21 hdrcharset=BINARY\n115 linkpath=") + long + [0x0A])
                + Golden(
                    name: ascii("l"), mode: "0000777", type: "2", link: text("n", 100),
                    checksum: "034752"
                ).bytes)
    }

    @Test func ids() {
        let largest = entry {
            $0.uid = 2_097_151
            $0.gid = 2_097_151
        }
        #expect(
            HeaderEncoder.encode(largest)
                == Golden(uid: "7777777", gid: "7777777", checksum: "007505").bytes)
        let larger = entry {
            $0.uid = 2_097_152
            $0.gid = 2_097_153
        }
        #expect(
            HeaderEncoder.encode(larger)
                == Golden.pax(
                    "f", size: "00000000036", checksum: "011646",
                    ascii("15 gid=2097153\n15 uid=2097152\n"))
                + Golden(checksum: "007343").bytes)
    }

    @Test func sizesAroundEightGibibytes() {
        #expect(
            HeaderEncoder.encode(entry { $0.size = (8 << 30) - 1 })
                == Golden(size: "77777777777", checksum: "007460").bytes)
        #expect(
            HeaderEncoder.encode(entry { $0.size = 8 << 30 })
                == Golden.pax(
                    "f", size: "00000000023", checksum: "011642", ascii("19 size=8589934592\n"))
                + Golden(checksum: "007343").bytes)
    }

    @Test func times() {
        #expect(
            HeaderEncoder.encode(entry { $0.modificationTime = 8_589_934_591 })
                == Golden(time: "77777777777", checksum: "007460").bytes)
        #expect(
            HeaderEncoder.encode(entry { $0.modificationTime = -1 })
                == Golden.pax("f", size: "00000000014", checksum: "011642", ascii("12 mtime=-1\n"))
                + Golden(checksum: "007343").bytes)
        #expect(
            HeaderEncoder.encode(entry { $0.modificationTime = 8_589_934_592 })
                == Golden.pax(
                    "f", size: "00000000024", checksum: "011643", ascii("20 mtime=8589934592\n"))
                + Golden(time: "77777777777", checksum: "007460").bytes)
    }

    @Test func attributesWithAnyBytes() {
        let attribute = TarEntry.ExtendedAttribute(
            name: ascii("security.capability"), value: [1, 0, 0, 2, 0x0A, 0x3D])
        #expect(
            HeaderEncoder.encode(entry { $0.extendedAttributes = [attribute] })
                == Golden.pax(
                    "f", size: "00000000053", checksum: "011645",
                    ascii("43 SCHILY.xattr.security.capability=") + [1, 0, 0, 2, 0x0A, 0x3D, 0x0A])
                + Golden(checksum: "007343").bytes)
    }

    /// The length of a record includes its own digits, which are more from 10, 100, 1000 on.
    @Test func lengthOfRecords() throws {
        for count in [1, 2, 3, 4, 88, 89, 90, 91, 985, 986, 987, 988, 989, 9984, 9985, 9986, 9987] {
            let path = text("n", count) + [0xC3, 0xA9]
            let encoded = HeaderEncoder.encode(entry(.file, path))
            let records = Array(encoded[512...])
            let space = try #require(records.firstIndex(of: 0x20))
            let length = try #require(Int(String(decoding: records[..<space], as: UTF8.self)))
            #expect(Array(records[space..<length]) == ascii(" path=") + path + [0x0A])
            #expect(try readEntries(encoded + endOfArchive).map(\.entry.path) == [path])
        }
    }

    /// A reader gets every entry back as it was.
    @Test func randomEntriesSurvive() throws {
        var random = SeededGenerator(20)
        for _ in 0..<500 {
            let original = randomEntry(&random)
            let bytes = HeaderEncoder.encode(original)
            try #require(bytes.count % 512 == 0)
            let data = padded(text("d", Int(original.size)))
            let read = try readEntries(bytes + data + endOfArchive)
            #expect(read.map(\.entry) == [original])
            try follow(bytes + data + endOfArchive)
        }
    }

    private func randomEntry(_ random: inout SeededGenerator) -> TarEntry {
        func bytes(_ limit: Int, _ random: inout SeededGenerator) -> [UInt8] {
            let isText = Bool.random(using: &random)
            return (0..<Int.random(in: 1...limit, using: &random)).map { _ in
                if Int.random(in: 0..<20, using: &random) == 0 { return UInt8(ascii: "/") }
                return UInt8.random(in: 1...(isText ? 126 : 255), using: &random)
            }
        }
        func id(_ random: inout SeededGenerator) -> UInt64 {
            let bits = UInt64.random(in: 0...31, using: &random)
            return .random(in: 0...0xFFFF_FFFE, using: &random) >> bits
        }
        let kinds: [TarEntry.Kind] = [
            .file, .hardLink, .symbolicLink, .characterDevice, .blockDevice, .directory, .fifo,
        ]
        let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
        var entry = TarEntry(
            kind: kind, path: bytes(300, &random), mode: .random(in: 0...0o7777, using: &random))
        if kind == .hardLink || kind == .symbolicLink { entry.linkTarget = bytes(300, &random) }
        if kind == .characterDevice || kind == .blockDevice {
            entry.deviceMajor = .random(in: 0...4095, using: &random)
            entry.deviceMinor = .random(in: 0...1_048_575, using: &random)
        }
        if kind == .file { entry.size = .random(in: 0...2000, using: &random) }
        entry.uid = id(&random)
        entry.gid = id(&random)
        entry.modificationTime =
            Int64.random(in: .min ... .max, using: &random)
            >> Int64.random(in: 0...60, using: &random)
        if Bool.random(using: &random) {
            entry.extendedAttributes = [
                TarEntry.ExtendedAttribute(name: ascii("user.a"), value: bytes(200, &random)),
                TarEntry.ExtendedAttribute(name: ascii("user.b"), value: []),
            ]
        }
        return entry
    }
}

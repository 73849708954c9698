import ByteStream
import TestSupport
import Testing

@testable import Tar

/// One sparse file, in every form that GNU tar writes: 1000 bytes of data at 4096, 512 at 1 MiB,
/// and a hole at the end.
enum SparseArchives {
    static let size = UInt64(2 << 20)
    private static let first = [UInt8](repeating: 0x41, count: 1024)
    private static let second = [UInt8](repeating: 0x42, count: 512)

    static let content: [UInt8] = {
        var bytes = zeros(Int(size))
        bytes.replaceSubrange(4096..<5120, with: first)
        bytes.replaceSubrange((1 << 20)..<((1 << 20) + 512), with: second)
        return bytes
    }()

    private static let header = ForeignHeader(name: ascii("GNUSparseFile.1/sparse"))

    static let pax00 =
        extended(
            "x",
            paxRecords([
                ("GNU.sparse.size", ascii("2097152")), ("GNU.sparse.numblocks", ascii("3")),
                ("GNU.sparse.offset", ascii("4096")), ("GNU.sparse.numbytes", ascii("1024")),
                ("GNU.sparse.offset", ascii("1048576")), ("GNU.sparse.numbytes", ascii("512")),
                ("GNU.sparse.offset", ascii("2097152")), ("GNU.sparse.numbytes", ascii("0")),
            ])) + ForeignHeader(name: ascii("sparse")).entry(first + second)

    static let pax01 =
        extended(
            "x",
            paxRecords([
                ("GNU.sparse.size", ascii("2097152")), ("GNU.sparse.numblocks", ascii("3")),
                ("GNU.sparse.name", ascii("sparse")),
                ("GNU.sparse.map", ascii("4096,1024,1048576,512,2097152,0")),
            ])) + header.entry(first + second)

    static let pax10Records: [(String, [UInt8])] = [
        ("GNU.sparse.major", ascii("1")), ("GNU.sparse.minor", ascii("0")),
        ("GNU.sparse.name", ascii("sparse")), ("GNU.sparse.realsize", ascii("2097152")),
    ]

    static let pax10 =
        extended("x", paxRecords(pax10Records))
        + header.entry(
            padded(ascii("3\n4096\n1024\n1048576\n512\n2097152\n0\n")) + first + second)

    /// The map continues in a block of its own.
    static let old: [UInt8] = {
        let header = ForeignHeader(
            format: .gnu, name: ascii("sparse"), type: UInt8(ascii: "S"), size: octal(1536),
            more: [
                (386, octal(4096) + octal(512)), (410, octal(4608) + octal(512)),
                (482, [1]), (483, octal(2_097_152)),
            ])
        let map = block([
            (0, octal(1_048_576) + octal(512)), (24, octal(2_097_152) + octal(0)),
        ])
        return header.bytes + map + first + second
    }()
}

@Suite struct SparseTests {
    @Test(arguments: [
        SparseArchives.pax00, SparseArchives.pax01, SparseArchives.pax10, SparseArchives.old,
    ])
    func everyForm(_ archive: [UInt8]) throws {
        try follow(archive + endOfArchive)
        let after = ForeignHeader(name: ascii("after")).entry(ascii("data"))
        let entries = try readEntries(archive + after + endOfArchive)
        #expect(entries.map(\.entry.path) == [ascii("sparse"), ascii("after")])
        #expect(entries.first?.entry.kind == .file)
        #expect(entries.first?.entry.size == SparseArchives.size)
        #expect(entries.first?.data == SparseArchives.content)
        #expect(entries.last?.data == ascii("data"))
    }

    @Test func aFileThatIsOneHole() throws {
        let records = paxRecords(SparseArchives.pax10Records)
        let archive =
            extended("x", records) + ForeignHeader().entry(padded(ascii("0\n"))) + endOfArchive
        #expect(try readEntries(archive).map(\.data) == [zeros(Int(SparseArchives.size))])
    }

    @Test(arguments: [
        // No number, too many parts, out of order, overlapping, beyond the end, other data.
        "x\n", "1\n", "", "1000000000000\n0\n0\n", "99999999999999999999\n", "1\n-1\n5\n",
        "2\n512\n512\n0\n512\n", "2\n0\n512\n256\n768\n", "1\n2097152\n1024\n",
        "1\n0\n512\n", "1\n9223372036854775807\n1024\n",
    ])
    func malformedMaps(_ map: String) {
        let archive =
            extended("x", paxRecords(SparseArchives.pax10Records))
            + ForeignHeader().entry(padded(ascii(map)) + zeros(1024)) + endOfArchive
        #expect(throws: TarError.self) { try readEntries(archive) }
    }

    @Test func otherVersions() {
        for records in [
            [("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "0")],
            [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")],
            [("GNU.sparse.map", "0,x"), ("GNU.sparse.size", "5")],
            [("GNU.sparse.size", "-1")], [("GNU.sparse.name", "x")],
        ] {
            let header = extended("x", paxRecords(records.map { ($0.0, ascii($0.1)) }))
            #expect(throws: TarError.self) {
                try readEntries(header + ForeignHeader().bytes + endOfArchive)
            }
        }
    }

    @Test func labelsAndDumpsAreLeftOut() throws {
        let archive =
            ForeignHeader(format: .gnu, name: ascii("Label"), type: UInt8(ascii: "V")).bytes
            + ForeignHeader(format: .gnu, name: ascii("d/"), type: UInt8(ascii: "D"))
            .entry(ascii("Yfile\0\0")) + ForeignHeader().entry(ascii("data")) + endOfArchive
        try follow(archive)
        var warnings: [String] = []
        let entries = try withInput(archive) { input in
            var reader = TarReader(input, warn: { warnings.append($0) })
            var paths: [[UInt8]] = []
            while let entry = try reader.next() {
                paths.append(entry.path)
                try reader.skipData()
            }
            return paths
        }
        #expect(entries == [ascii("file")])
        #expect(
            warnings == [
                "'Label' is a volume's label; left out", "'d/' is a dump's list; left out",
            ])
    }
}

@Suite struct XattrKeyTests {
    @Test(arguments: [
        ("user.a", "user.a"), ("user.a=b", "user.a%3Db"), ("user.%", "user.%"),
        ("user.%3D", "user.%253D"), ("user.%25", "user.%2525"), ("user.%=", "user.%%3D"),
        ("=", "%3D"),
    ])
    func asGNUTarHasIt(_ name: String, _ key: String) {
        #expect(XattrKey.encode(ascii(name)) == ascii("SCHILY.xattr." + key))
        #expect(XattrKey.decode(ascii("SCHILY.xattr." + key)) == ascii(name))
    }

    @Test func namesThatCannotBeAreLeftOut() throws {
        let records = paxRecords([
            ("SCHILY.xattr.user.a\0b", ascii("1")), ("SCHILY.xattr.", ascii("2")),
            ("SCHILY.xattr." + String(repeating: "n", count: 256), ascii("3")),
            ("SCHILY.xattr.user.ok", ascii("4")),
        ])
        let archive = extended("x", records) + ForeignHeader().bytes + endOfArchive
        #expect(
            try readEntries(archive).first?.entry.extendedAttributes.map(\.name)
                == [ascii("user.ok")])
    }
}

import ByteStream
import TestSupport
import Testing

@testable import Tar

private func x(_ records: [(String, String)]) -> [UInt8] {
    extended("x", paxRecords(records.map { ($0.0, ascii($0.1)) }))
}

private func file(_ name: String, _ change: (inout ForeignHeader) -> Void = { _ in }) -> [UInt8] {
    ForeignHeader(name: ascii(name)).with(change).bytes
}

private func symbolicLink(_ name: String, _ target: String) -> [UInt8] {
    file(name) {
        $0.type = UInt8(ascii: "2")
        $0.linkTarget = ascii(target)
    }
}

/// A header of GNU's old sparse format with the map in its texts.
private func sparse(
    _ name: String, size: Int, of realSize: String, _ map: [(Int, Int)],
    format: ForeignHeader.Format = .gnu
) -> [UInt8] {
    var fields: [(Int, [UInt8])] = [(483, ascii(realSize))]
    for (index, part) in map.prefix(4).enumerated() {
        fields.append((386 + 24 * index, octal(part.0) + octal(part.1)))
    }
    if map.count > 4 { fields.append((482, [1])) }
    var bytes = ForeignHeader(
        format: format, name: ascii(name), type: UInt8(ascii: "S"), size: octal(size), more: fields
    ).bytes
    var rest = map.dropFirst(4)
    while !rest.isEmpty {
        var fields: [(Int, [UInt8])] = []
        for (index, part) in rest.prefix(21).enumerated() {
            fields.append((24 * index, octal(part.0) + octal(part.1)))
        }
        rest = rest.dropFirst(21)
        if !rest.isEmpty { fields.append((504, [1])) }
        bytes += block(fields)
    }
    return bytes
}

/// A tar, and its entries: type, path, size, and other notable fields.
struct CorpusArchive: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// nil if it is refused.
    let entries: [String]?

    init(_ description: String, _ bytes: [UInt8], _ entries: [String]?) {
        testDescription = description
        self.bytes = bytes
        self.entries = entries
    }
}

extension TarEntry {
    fileprivate var summary: String {
        var words = [
            String(decoding: [kind.rawValue], as: UTF8.self), Path(path).description, "\(size)",
        ]
        if !linkTarget.isEmpty { words.append("-> \(Path(linkTarget))") }
        if uid != 0 || gid != 0 { words.append("\(uid):\(gid)") }
        if modificationTime != 0 || modificationNanoseconds != 0 {
            words.append("@\(modificationTime).\(modificationNanoseconds)")
        }
        for attribute in extendedAttributes {
            words.append(
                String(decoding: attribute.name, as: UTF8.self) + "="
                    + String(decoding: attribute.value, as: UTF8.self))
        }
        return words.joined(separator: " ")
    }
}

private let nameOf99 = String(repeating: "n", count: 99)

/// The questions that the test archives of Go's archive/tar and of libarchive ask of a reader: for
/// each an archive of our own, and the expected entries.
@Suite struct TarCorpusTests {
    /// Go's archive/tar, testdata.
    static let goArchives: [CorpusArchive] = [
        CorpusArchive(
            "gnu: two files of a user, with names of user and group",
            ForeignHeader(
                format: .gnu, name: ascii("one"), mode: ascii("0000640\0"),
                uid: ascii("0216501\0"), gid: ascii("0011610\0"), time: ascii("11213575164\0"),
                more: [(265, ascii("user")), (297, ascii("group"))]
            ).entry(ascii("Hello"))
                + ForeignHeader(format: .gnu, name: ascii("two")).entry(ascii("Hello again")),
            ["0 one 5 73025:5000 @1244592756.0", "0 two 11"]),
        CorpusArchive(
            "star: the prefix ends where its times begin",
            ForeignHeader(
                name: ascii("file"),
                more: [
                    (345, ascii(String(repeating: "p", count: 131))),
                    (476, ascii("11213575217 11213575217 ")), (508, ascii("tar\0")),
                ]
            ).entry(ascii("star")),
            ["0 \(String(repeating: "p", count: 131))/file 4"]),
        CorpusArchive(
            "v7: no magic, and no type but a zero byte",
            ForeignHeader(format: .v7, name: ascii("one"), type: 0).entry(ascii("Hello"))
                + ForeignHeader(format: .v7, name: ascii("d/"), type: 0).bytes,
            ["0 one 5", "5 d/ 0"]),
        CorpusArchive(
            "pax: a long path, times with fractions, a long link",
            x([
                ("path", "a/" + String(repeating: "1234567890", count: 20)),
                ("mtime", "1350244992.023960108"), ("atime", "1350244992.5"),
            ]) + ForeignHeader(name: ascii("cut")).entry(ascii("shalala"))
                + x([("linkpath", String(repeating: "9", count: 150))])
                + symbolicLink("a/b", "cut"),
            [
                "0 a/\(String(repeating: "1234567890", count: 20)) 7 @1350244992.23960108",
                "2 a/b 0 -> \(String(repeating: "9", count: 150))",
            ]),
        CorpusArchive(
            "pax: a record whose length is wrong",
            extended("x", ascii("50 mtime=1.0\n")) + file("a"), nil),
        CorpusArchive(
            "pax: an extended header of more than a mebibyte",
            file("x") {
                $0.type = UInt8(ascii: "x")
                $0.size = octal(1 << 24)
            } + zeros(1 << 24) + file("a"),
            nil),
        CorpusArchive("pax: an mtime that is a word", x([("mtime", "word")]) + file("a"), nil),
        CorpusArchive(
            "pax: a size with many zeros",
            x([("size", "000000000000000000000999")]) + ForeignHeader().entry(zeros(999)),
            ["0 file 999"]),
        CorpusArchive(
            "pax: records that nobody knows, and a comment",
            x([("WORD.word", "tar"), ("comment", "\u{4E16}"), ("uname", nameOf99)]) + file("a"),
            ["0 a 0"]),
        CorpusArchive(
            "pax: global records say nothing of entries",
            extended("g", paxRecords([("path", ascii("g")), ("mtime", ascii("1500000000.0"))]))
                + file("one") + x([("path", "two")]) + file("b")
                + extended("g", paxRecords([("path", [])])) + file("three")
                + x([("mtime", "1400000000")]) + file("four"),
            ["0 one 0", "0 two 0", "0 three 0", "0 four 0 @1400000000.0"]),
        CorpusArchive(
            "fields of owners that have only zero bytes",
            file("a") {
                $0.uid = zeros(8)
                $0.gid = zeros(8)
            },
            ["0 a 0"]),
        CorpusArchive(
            "attributes with a zero byte at the end of their value",
            x([("SCHILY.xattr.user.k", "v"), ("SCHILY.xattr.security.x", "u:r:t\0")]) + file("a"),
            ["0 a 0 security.x=u:r:t\0 user.k=v"]),
        CorpusArchive(
            "gnu: of several long names and links the last counts",
            extended("L", ascii("first/path\0")) + extended("L", ascii("last/path\0"))
                + extended("K", ascii("first/link\0")) + extended("K", ascii("last/link\0"))
                + symbolicLink("a", "b"),
            ["2 last/path 0 -> last/link"]),
        CorpusArchive(
            "pax: of several extended headers the last counts, and only what it has",
            x([("path", "first"), ("linkpath", "first")]) + x([("linkpath", "last")])
                + symbolicLink("a", "b"),
            ["2 a 0 -> last"]),
        CorpusArchive(
            "gnu: the list of a dump is left out, and what it lists is not",
            ForeignHeader(format: .gnu, name: ascii("d/"), type: UInt8(ascii: "D"))
                .entry(ascii("Yone\0Ytwo\0\0")) + file("d/one"),
            ["0 d/one 0"]),
        CorpusArchive(
            "gnu: a long name with a zero byte in it ends there",
            extended("L", ascii("0123\u{0}56789\0")) + file("a"), ["0 0123 0"]),
        CorpusArchive(
            "gnu: a name in UTF-8 in the header itself",
            ForeignHeader(format: .gnu, name: ascii("\u{263A}\u{263B}")).bytes,
            ["0 \u{263A}\u{263B} 0"]),
        CorpusArchive(
            "pax: an attribute whose name has a zero byte is left out",
            x([("SCHILY.xattr.nul\0", "v")]) + file("a"), ["0 a 0"]),
        CorpusArchive("pax: a path with a zero byte", x([("path", "a\0b")]) + file("a"), nil),
        CorpusArchive(
            "a negative size in base 256",
            file("a") { $0.size = [UInt8](repeating: 0xFF, count: 12) }, nil),
        CorpusArchive(
            "a size of which the digits are none",
            file("a") { $0.size = ascii("0000000000x\0") }, nil),
        CorpusArchive("bytes behind a header that are no record", extended("x", [0x37, 0]), nil),
        CorpusArchive(
            "a size in base 256 that no file has",
            file("a") { $0.size = [0x80] + [UInt8](repeating: 0xFF, count: 11) }, nil),
        CorpusArchive(
            "ustar: a name with a prefix",
            file("foo") { $0.more = [(345, ascii(String(repeating: "a", count: 155)))] },
            ["0 \(String(repeating: "a", count: 155))/foo 0"]),
        CorpusArchive(
            "ustar: a file with device numbers",
            file("a") { $0.more = [(329, ascii("0000001\0")), (337, ascii("0000001\0"))] },
            ["0 a 0"]),
        CorpusArchive(
            "ustar: the type of a contiguous file",
            file("a") { $0.type = UInt8(ascii: "7") }, ["0 a 0"]),
        CorpusArchive(
            "headers only: links and devices have no data whatever their size says",
            ["1", "2", "3", "4", "5", "6"].flatMap { type in
                file("e" + type) {
                    $0.type = ascii(type)[0]
                    $0.linkTarget = ascii("1 2".contains(type) ? "t" : "")
                    $0.size = octal(type == "5" ? 0 : 700)
                }
            } + file("last"),
            [
                "1 e1 0 -> t", "2 e2 0 -> t", "3 e3 0", "4 e4 0", "5 e5 0", "6 e6 0", "0 last 0",
            ]),
        CorpusArchive(
            "a trailing slash far behind the name's field",
            x([("path", String(repeating: "123456789/", count: 30))])
                + file("123456789/") { $0.type = UInt8(ascii: "5") },
            ["5 \(String(repeating: "123456789/", count: 30)) 0"]),
        CorpusArchive(
            "hard links",
            ForeignHeader(name: ascii("one")).entry(ascii("Slartibartfast"))
                + file("two") {
                    $0.type = UInt8(ascii: "1")
                    $0.linkTarget = ascii("one")
                },
            ["0 one 14", "1 two 0 -> one"]),
        CorpusArchive(
            "a file of eight gibibytes, of which the header is what is read",
            file("big") {
                $0.type = UInt8(ascii: "2")
                $0.size = [0x80, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]
                $0.linkTarget = ascii("t")
            },
            ["2 big 0 -> t"]),
    ]

    @Test(arguments: goArchives)
    func asGoReads(_ archive: CorpusArchive) throws { try check(archive) }

    /// The same for sparse files: the size is that of the whole file.
    static let sparseArchives: [CorpusArchive] = [
        CorpusArchive(
            "old: data only",
            sparse("db", size: 1000, of: "00000001750\0", [(0, 1000), (1000, 0)])
                + padded(zeros(1000)), ["0 db 1000"]),
        CorpusArchive(
            "old: a hole only", sparse("db", size: 0, of: "00000001750\0", [(1000, 0)]),
            ["0 db 1000"]),
        CorpusArchive(
            "old: a map that goes on in two blocks",
            sparse("db", size: 27, of: octalText(200), (0..<27).map { (2 * $0 + 1, 1) })
                + padded(zeros(27)), ["0 db 200"]),
        CorpusArchive(
            "old: more bytes than the map has",
            sparse("db", size: 1024, of: octalText(7 << 30), [(10 << 27, 512), (20 << 26, 0)])
                + zeros(1024), nil),
        CorpusArchive(
            "old: sizes of gibibytes",
            sparse("db", size: 1024, of: octalText(7 << 30), [(1 << 30, 512), (6 << 30, 512)])
                + zeros(1024), ["0 db \(7 << 30)"]),
        CorpusArchive(
            "old: a map that is no number",
            sparse("db", size: 0, of: "1234", [])
                .replacing(386, ascii("word")), nil),
        CorpusArchive("old: a size that is no number", sparse("db", size: 0, of: "80", []), nil),
        CorpusArchive(
            "old: without GNU's magic", sparse("db", size: 0, of: "0031", [], format: .ustar), nil),
        CorpusArchive(
            "old: a map that is cut",
            sparse("db", size: 6, of: octalText(12), (0..<6).map { (2 * $0, 1) })
                .prefix(512) + [], nil),
        CorpusArchive(
            "1.0: data only",
            x(map10("1000") + [("size", "1512")])
                + ForeignHeader().entry(padded(ascii("1\n0\n1000\n")) + zeros(1000)),
            ["0 db 1000"]),
        CorpusArchive(
            "1.0: a hole only",
            x(map10("1000")) + ForeignHeader().entry(padded(ascii("1\n1000\n0\n"))),
            ["0 db 1000"]),
        CorpusArchive(
            "1.0: zeros before the numbers",
            x(map10("7"))
                + ForeignHeader().entry(
                    padded(ascii(String(repeating: "0", count: 600) + "1\n05\n2\n")) + [1, 2]),
            ["0 db 7"]),
        CorpusArchive(
            "1.0: a hundred parts",
            x(map10("\(100 << 10)"))
                + ForeignHeader().entry(
                    padded(ascii("100\n" + (0..<100).map { "\($0 << 10)\n1\n" }.joined()))
                        + zeros(100)),
            ["0 db \(100 << 10)"]),
        CorpusArchive(
            "1.0: letters", x(map10("1")) + ForeignHeader().entry(padded(ascii("ab\n"))), nil),
        CorpusArchive(
            "1.0: an empty line", x(map10("9")) + ForeignHeader().entry(padded(ascii("1\n2\n\n"))),
            nil),
        CorpusArchive(
            "1.0: a number without its end",
            x(map10("1")) + ForeignHeader().entry(padded(ascii("0"))),
            nil),
        CorpusArchive(
            "1.0: zero bytes first",
            x(map10("1")) + ForeignHeader().entry(zeros(512) + padded(ascii("0\n"))), nil),
        CorpusArchive(
            "1.0: too many parts",
            x(map10("1")) + ForeignHeader().entry(padded(ascii("9223372036854775807\n"))), nil),
        CorpusArchive(
            "1.0: the map is not in the records",
            x(map10("9") + [("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "0,5")])
                + ForeignHeader().entry(zeros(5)), nil),
        CorpusArchive(
            "0.1: a map, and its name",
            x(map01("35", "4", "0,5,10,5,20,5,30,5")) + ForeignHeader().entry(zeros(20)),
            ["0 db 35"]),
        CorpusArchive(
            "0.1: no parts", x(map01("9", "0", "")) + ForeignHeader().entry([]), ["0 db 9"]),
        CorpusArchive(
            "0.1: a zero before a number",
            x(map01("5", "2", "0,1,02,3")) + ForeignHeader().entry(zeros(4)), ["0 db 5"]),
        CorpusArchive(
            "0.1: a space", x(map01("5", "2", "0, 1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: a word", x(map01("5", "2", "0,one,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: fewer parts than it says",
            x(map01("9", "4", "0,1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: a number of parts that is none",
            x(map01("5", "2\0", "0,1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: more parts than there can be",
            x(map01("5", "9223372036854775807", "0,1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: size stands over realsize",
            x(
                [("GNU.sparse.size", "5"), ("GNU.sparse.realsize", "4321")]
                    + map01("5", "2", "0,1,2,3").dropFirst()) + ForeignHeader().entry(zeros(4)),
            ["0 db 5"]),
        CorpusArchive(
            "0.0: a length before its offset",
            x([
                ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "1"),
                ("GNU.sparse.numbytes", "2"), ("GNU.sparse.offset", "1"),
            ]) + ForeignHeader().entry(zeros(1)), nil),
        CorpusArchive(
            "0.0: two numbers in one record",
            x([
                ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "1"),
                ("GNU.sparse.offset", "1,2"), ("GNU.sparse.numbytes", "2"),
            ]) + ForeignHeader().entry(zeros(2)), nil),
    ]

    @Test(arguments: sparseArchives)
    func sparseFiles(_ archive: CorpusArchive) throws { try check(archive) }

    /// libarchive's test archives, those that are tars.
    static let libarchiveArchives: [CorpusArchive] = [
        CorpusArchive(
            "access control lists are passed over",
            x([("SCHILY.acl.access", "user::rw-,group::r--"), ("SCHILY.acl.ace", "owner@:r:allow")])
                + file("a"), ["0 a 0"]),
        CorpusArchive(
            "gtar: a long name and a long link",
            extended("L", ascii(String(repeating: "n", count: 200) + "\0"))
                + extended("K", ascii(String(repeating: "t", count: 200) + "\0"))
                + symbolicLink("a", "b"),
            ["2 \(String(repeating: "n", count: 200)) 0 -> \(String(repeating: "t", count: 200))"]),
        CorpusArchive(
            "gtar: ids in base 256",
            ForeignHeader(
                format: .gnu, name: ascii("a"), uid: [0x80, 0, 0, 0, 0, 0x5F, 0x90, 0x83],
                gid: [0x80, 0, 0, 0, 0, 0x06, 0x1A, 0x80]
            ).bytes, ["0 a 0 6262915:400000"]),
        CorpusArchive(
            "gtar: a long name without a zero byte, and one that is too long for it",
            extended("L", ascii("name")) + file("a"), ["0 name 0"]),
        CorpusArchive(
            "perl and plexus: numbers that begin with spaces",
            file("a") {
                $0.mode = ascii("   644 \0")
                $0.uid = ascii("     0 \0")
                $0.size = ascii("         0 \0")
            },
            ["0 a 0"]),
        CorpusArchive(
            "numbers that begin with a zero byte",
            file("a") {
                $0.mode = ascii("\u{0} 00644\0")
                $0.uid = ascii(" \u{0}00003\0")
                $0.size = ascii("\u{0}0000000000\0")
            },
            ["0 a 0 3:0"]),
        CorpusArchive(
            "numbers without an end",
            file("a") {
                $0.mode = ascii("00000644")
                $0.size = ascii("000000000000")
            },
            ["0 a 0"]),
        CorpusArchive(
            "solaris: a list of access control has a type of its own",
            file("a") { $0.type = UInt8(ascii: "A") }, nil),
        CorpusArchive(
            "v7: a directory with data",
            ForeignHeader(format: .v7, name: ascii("d/"), type: 0).entry(zeros(2)), nil),
        CorpusArchive(
            "a hard link whose size is that of the file",
            ForeignHeader(name: ascii("a")).entry(zeros(1024))
                + file("b") {
                    $0.type = UInt8(ascii: "1")
                    $0.size = octal(1024)
                    $0.linkTarget = ascii("a")
                },
            ["0 a 1024", "1 b 0 -> a"]),
        CorpusArchive(
            "a character set of pax says nothing",
            x([("hdrcharset", "BINARY"), ("path", "a\u{E4}")]) + file("a"), ["0 a\u{E4} 0"]),
        CorpusArchive(
            "attributes in the name space of libarchive are passed over",
            x([("LIBARCHIVE.xattr.user.a", "djE"), ("SCHILY.xattr.user.a", "v1")]) + file("a"),
            ["0 a 0 user.a=v1"]),
        CorpusArchive(
            "attributes in the name space of Red Hat are passed over",
            x([("RHT.security.selinux", "system_u:object_r")]) + file("a"), ["0 a 0"]),
        CorpusArchive(
            "a long name that was not needed", extended("L", ascii("a\0")) + file("a"), ["0 a 0"]),
        CorpusArchive(
            "files of Apple's metadata are files", file("._a") + file("a"), ["0 ._a 0", "0 a 0"]),
        CorpusArchive("a name of no bytes", file(""), nil),
        CorpusArchive("an extended header of no bytes", extended("x", []) + file("a"), ["0 a 0"]),
        CorpusArchive(
            "a volume's label alone",
            ForeignHeader(format: .gnu, name: ascii("label"), type: UInt8(ascii: "V")).bytes, []),
        CorpusArchive(
            "a volume's label with a negative size",
            ForeignHeader(
                format: .gnu, name: ascii("label"), type: UInt8(ascii: "V"),
                size: [UInt8](repeating: 0xFF, count: 12)
            ).bytes, nil),
        CorpusArchive("pax: a negative size", x([("size", "-1")]) + file("a"), nil),
        CorpusArchive(
            "pax: a negative time", x([("mtime", "-2146608000.75")]) + file("a"),
            ["0 a 0 @-2146608001.250000000"]),
        CorpusArchive(
            "pax: a time with a letter behind it",
            x([("mtime", "1748089464.951928467a")])
                + file("a"), nil),
        CorpusArchive(
            "a time in base 256 that no clock shows",
            file("a") { $0.time = [0x80, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 7) },
            ["0 a 0 @9223372036854775807.0"]),
        CorpusArchive(
            "a global header of more than a mebibyte",
            file("g") {
                $0.type = UInt8(ascii: "g")
                $0.size = octal(1 << 24)
            } + zeros(1 << 24), nil),
        CorpusArchive(
            "pax: an empty value and no newline", extended("x", ascii("9 path= ")) + file("a"), nil),
        CorpusArchive(
            "two tars in one file: the second is left out",
            file("a") + endOfArchive + file("b"), ["0 a 0"]),
        CorpusArchive("nothing but the end", [], []),
    ]

    @Test(arguments: libarchiveArchives)
    func asLibarchiveReads(_ archive: CorpusArchive) throws { try check(archive) }

    @Test func holesOfSolarisAreSaid() throws {
        var warnings: [String] = []
        let archive =
            x([("SUN.holesdata", " 0 512 1024 1536")]) + ForeignHeader().entry(zeros(1024))
            + endOfArchive
        try withInput(archive) { input in
            var reader = TarReader(input, warn: { warnings.append($0) })
            while try reader.next() != nil { try reader.skipData() }
        }
        #expect(
            warnings == [
                "'file' is a sparse file as Solaris's tar writes it; its holes are left out"
            ])
    }

    /// Reader and follower must agree on it.
    private func check(_ archive: CorpusArchive) throws {
        let bytes = archive.bytes + endOfArchive
        guard let entries = archive.entries else {
            #expect(throws: TarError.self) { try paths(bytes) }
            return
        }
        #expect(try paths(bytes) == entries)
        if !archive.testDescription.hasPrefix("two tars") { try follow(bytes) }
    }

    /// The data is not kept in memory: some files have gibibytes of holes.
    private func paths(_ bytes: [UInt8]) throws -> [String] {
        try withInput(bytes) { input in
            var reader = TarReader(input)
            var entries: [String] = []
            while let entry = try reader.next() {
                entries.append(entry.summary)
                try reader.skipData()
            }
            return entries
        }
    }
}

private func octalText(_ value: Int) -> String { String(decoding: octal(value), as: UTF8.self) }

private func map10(_ size: String) -> [(String, String)] {
    [
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "db"),
        ("GNU.sparse.realsize", size),
    ]
}

private func map01(_ size: String, _ count: String, _ map: String) -> [(String, String)] {
    [
        ("GNU.sparse.size", size), ("GNU.sparse.numblocks", count), ("GNU.sparse.name", "db"),
        ("GNU.sparse.map", map),
    ]
}

extension [UInt8] {
    /// A header with another text in it, and the new checksum.
    fileprivate func replacing(_ offset: Int, _ text: [UInt8]) -> [UInt8] {
        var bytes = self
        bytes.replaceSubrange(offset..<(offset + text.count), with: text)
        return checksummed(Array(bytes.prefix(512))) + bytes.dropFirst(512)
    }
}

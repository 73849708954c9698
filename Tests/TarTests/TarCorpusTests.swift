import ByteStream
import TestSupport
import Testing

@testable import Tar

private func file(_ name: String, _ change: (inout ForeignHeader) -> Void = { _ in }) -> [UInt8] {
    ForeignHeader(name: ascii(name)).with(change).bytes
}

private func symbolicLink(_ name: String, _ target: String) -> [UInt8] {
    file(name) {
        $0.type = UInt8(ascii: "2")
        $0.linkTarget = ascii(target)
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
            paxHeader([
                ("path", "a/" + String(repeating: "1234567890", count: 20)),
                ("mtime", "1350244992.023960108"), ("atime", "1350244992.5"),
            ]) + ForeignHeader(name: ascii("cut")).entry(ascii("shalala"))
                + paxHeader([("linkpath", String(repeating: "9", count: 150))])
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
        CorpusArchive(
            "pax: an mtime that is a word", paxHeader([("mtime", "word")]) + file("a"), nil),
        CorpusArchive(
            "pax: a size with many zeros",
            paxHeader([("size", "000000000000000000000999")]) + ForeignHeader().entry(zeros(999)),
            ["0 file 999"]),
        CorpusArchive(
            "pax: records that nobody knows, and a comment",
            paxHeader([("WORD.word", "tar"), ("comment", "\u{4E16}"), ("uname", nameOf99)])
                + file("a"),
            ["0 a 0"]),
        CorpusArchive(
            "pax: global records say nothing of entries",
            extended("g", paxRecords([("path", ascii("g")), ("mtime", ascii("1500000000.0"))]))
                + file("one") + paxHeader([("path", "two")]) + file("b")
                + extended("g", paxRecords([("path", [])])) + file("three")
                + paxHeader([("mtime", "1400000000")]) + file("four"),
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
            paxHeader([("SCHILY.xattr.user.k", "v"), ("SCHILY.xattr.security.x", "u:r:t\0")])
                + file("a"),
            ["0 a 0 security.x=u:r:t\0 user.k=v"]),
        CorpusArchive(
            "gnu: of several long names and links the last counts",
            extended("L", ascii("first/path\0")) + extended("L", ascii("last/path\0"))
                + extended("K", ascii("first/link\0")) + extended("K", ascii("last/link\0"))
                + symbolicLink("a", "b"),
            ["2 last/path 0 -> last/link"]),
        CorpusArchive(
            "pax: of several extended headers the last counts, and only what it has",
            paxHeader([("path", "first"), ("linkpath", "first")])
                + paxHeader([("linkpath", "last")])
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
            paxHeader([("SCHILY.xattr.nul\0", "v")]) + file("a"), ["0 a 0"]),
        CorpusArchive(
            "pax: a path with a zero byte", paxHeader([("path", "a\0b")]) + file("a"), nil),
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
            paxHeader([("path", String(repeating: "123456789/", count: 30))])
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
    func asGoReads(_ archive: CorpusArchive) throws { try archive.check() }

    /// libarchive's test archives, those that are tars.
    static let libarchiveArchives: [CorpusArchive] = [
        CorpusArchive(
            "access control lists are passed over",
            paxHeader([
                ("SCHILY.acl.access", "user::rw-,group::r--"), ("SCHILY.acl.ace", "owner@:r:allow"),
            ])
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
            paxHeader([("hdrcharset", "BINARY"), ("path", "a\u{E4}")]) + file("a"), ["0 a\u{E4} 0"]),
        CorpusArchive(
            "attributes in the name space of libarchive are passed over",
            paxHeader([("LIBARCHIVE.xattr.user.a", "djE"), ("SCHILY.xattr.user.a", "v1")])
                + file("a"),
            ["0 a 0 user.a=v1"]),
        CorpusArchive(
            "attributes in the name space of Red Hat are passed over",
            paxHeader([("RHT.security.selinux", "system_u:object_r")]) + file("a"), ["0 a 0"]),
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
        CorpusArchive("pax: a negative size", paxHeader([("size", "-1")]) + file("a"), nil),
        CorpusArchive(
            "pax: a negative time", paxHeader([("mtime", "-2146608000.75")]) + file("a"),
            ["0 a 0 @-2146608001.250000000"]),
        CorpusArchive(
            "pax: a time with a letter behind it",
            paxHeader([("mtime", "1748089464.951928467a")])
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
    func asLibarchiveReads(_ archive: CorpusArchive) throws { try archive.check() }
}

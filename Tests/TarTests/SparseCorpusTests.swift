import ByteStream
import TestSupport
import Testing

@testable import Tar

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

/// The questions of the same test archives about sparse files.
@Suite struct SparseCorpusTests {
    /// The size is that of the whole file.
    static let archives: [CorpusArchive] = [
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
            paxHeader(map10("1000") + [("size", "1512")])
                + ForeignHeader().entry(padded(ascii("1\n0\n1000\n")) + zeros(1000)),
            ["0 db 1000"]),
        CorpusArchive(
            "1.0: a hole only",
            paxHeader(map10("1000")) + ForeignHeader().entry(padded(ascii("1\n1000\n0\n"))),
            ["0 db 1000"]),
        CorpusArchive(
            "1.0: zeros before the numbers",
            paxHeader(map10("7"))
                + ForeignHeader().entry(
                    padded(ascii(String(repeating: "0", count: 600) + "1\n05\n2\n")) + [1, 2]),
            ["0 db 7"]),
        CorpusArchive(
            "1.0: a hundred parts",
            paxHeader(map10("\(100 << 10)"))
                + ForeignHeader().entry(
                    padded(ascii("100\n" + (0..<100).map { "\($0 << 10)\n1\n" }.joined()))
                        + zeros(100)),
            ["0 db \(100 << 10)"]),
        CorpusArchive(
            "1.0: letters", paxHeader(map10("1")) + ForeignHeader().entry(padded(ascii("ab\n"))),
            nil),
        CorpusArchive(
            "1.0: an empty line",
            paxHeader(map10("9")) + ForeignHeader().entry(padded(ascii("1\n2\n\n"))),
            nil),
        CorpusArchive(
            "1.0: a number without its end",
            paxHeader(map10("1")) + ForeignHeader().entry(padded(ascii("0"))),
            nil),
        CorpusArchive(
            "1.0: zero bytes first",
            paxHeader(map10("1")) + ForeignHeader().entry(zeros(512) + padded(ascii("0\n"))), nil),
        CorpusArchive(
            "1.0: too many parts",
            paxHeader(map10("1")) + ForeignHeader().entry(padded(ascii("9223372036854775807\n"))),
            nil),
        CorpusArchive(
            "1.0: the map is not in the records",
            paxHeader(map10("9") + [("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "0,5")])
                + ForeignHeader().entry(zeros(5)), nil),
        CorpusArchive(
            "0.1: a map, and its name",
            paxHeader(map01("35", "4", "0,5,10,5,20,5,30,5")) + ForeignHeader().entry(zeros(20)),
            ["0 db 35"]),
        CorpusArchive(
            "0.1: no parts", paxHeader(map01("9", "0", "")) + ForeignHeader().entry([]), ["0 db 9"]),
        CorpusArchive(
            "0.1: a zero before a number",
            paxHeader(map01("5", "2", "0,1,02,3")) + ForeignHeader().entry(zeros(4)), ["0 db 5"]),
        CorpusArchive(
            "0.1: a space",
            paxHeader(map01("5", "2", "0, 1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: a word",
            paxHeader(map01("5", "2", "0,one,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: fewer parts than it says",
            paxHeader(map01("9", "4", "0,1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: a number of parts that is none",
            paxHeader(map01("5", "2\0", "0,1,2,3")) + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: more parts than there can be",
            paxHeader(map01("5", "9223372036854775807", "0,1,2,3"))
                + ForeignHeader().entry(zeros(4)), nil),
        CorpusArchive(
            "0.1: size stands over realsize",
            paxHeader(
                [("GNU.sparse.size", "5"), ("GNU.sparse.realsize", "4321")]
                    + map01("5", "2", "0,1,2,3").dropFirst()) + ForeignHeader().entry(zeros(4)),
            ["0 db 5"]),
        CorpusArchive(
            "0.0: a length before its offset",
            paxHeader([
                ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "1"),
                ("GNU.sparse.numbytes", "2"), ("GNU.sparse.offset", "1"),
            ]) + ForeignHeader().entry(zeros(1)), nil),
        CorpusArchive(
            "0.0: two numbers in one record",
            paxHeader([
                ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "1"),
                ("GNU.sparse.offset", "1,2"), ("GNU.sparse.numbytes", "2"),
            ]) + ForeignHeader().entry(zeros(2)), nil),
    ]

    @Test(arguments: archives)
    func sizesOfWholeFiles(_ archive: CorpusArchive) throws { try archive.check() }

    @Test func holesOfSolarisAreSaid() throws {
        var warnings: [String] = []
        let archive =
            paxHeader([("SUN.holesdata", " 0 512 1024 1536")]) + ForeignHeader().entry(zeros(1024))
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
}

extension [UInt8] {
    /// A header with another text in it, and the new checksum.
    fileprivate func replacing(_ offset: Int, _ text: [UInt8]) -> [UInt8] {
        var bytes = self
        bytes.replaceSubrange(offset..<(offset + text.count), with: text)
        return checksummed(Array(bytes.prefix(512))) + bytes.dropFirst(512)
    }
}

import TestSupport
import Testing

@testable import Tar

private func sorted(_ text: [UInt8], isNullSeparated: Bool = false) throws -> [[UInt8]] {
    try withInput(text) {
        try PathList($0, isNullSeparated: isNullSeparated).paths.map(Array.init)
    }
}

private func sorted(_ names: [String]) throws -> [String] {
    try sorted(ascii(names.map { $0 + "\n" }.joined())).map { String(decoding: $0, as: UTF8.self) }
}

@Suite struct PathListTests {
    @Test func orderOfAWalk() throws {
        let order = [
            "a", "a/.wh.x", "a/.a", "a/b", "a/b/.wh..wh..opq", "a/b/c", "a/b-c", "a/b.c", "a b",
            "a-", "a.b", "aa", "z",
        ]
        var random = SeededGenerator(1)
        for _ in 0..<50 { #expect(try sorted(order.shuffled(using: &random)) == order) }
    }

    /// An inconsistent order would show in another shuffle.
    @Test func everyPairAgreesWithTheWhole() throws {
        let parts = [".", ".w", ".wh", ".wh.", ".wh.a", ".wh..a", ".a", ".x", "a", "a.b", "\u{1}"]
        var names: [String] = []
        for part in parts where part != "." {
            names.append(part)
            for child in parts where child != "." { names.append("\(part)/\(child)") }
        }
        let reference = try sorted(names)
        #expect(Set(reference).count == names.count)
        var random = SeededGenerator(2)
        for _ in 0..<50 { #expect(try sorted(names.shuffled(using: &random)) == reference) }
        for _ in 0..<2000 {
            let pair = [
                Int.random(in: 0..<names.count, using: &random),
                Int.random(in: 0..<names.count, using: &random),
            ].sorted()
            guard pair[0] != pair[1] else { continue }
            #expect(
                try sorted([reference[pair[1]], reference[pair[0]]])
                    == [reference[pair[0]], reference[pair[1]]])
        }
        // All whiteouts come before their siblings.
        for parent in ["", "a/", ".wh/"] {
            let siblings = reference.filter {
                $0.hasPrefix(parent) && !$0.dropFirst(parent.count).contains("/") && $0 != parent
            }.map { $0.dropFirst(parent.count).hasPrefix(".wh.") }
            #expect(siblings.contains(true) && siblings.contains(false))
            #expect(siblings == siblings.sorted { $0 && !$1 }, "under '\(parent)'")
        }
    }

    @Test func eachPathOnce() throws {
        #expect(
            try sorted(["b", "a", "b", "./b", "b/", "b//", "a/./c", "a/c"]) == ["a", "a/c", "b"])
        #expect(try sorted([".", "./", "a"]) == ["", "a"])
    }

    @Test func separators() throws {
        #expect(
            try sorted(ascii("b\0a\nb\0"), isNullSeparated: true) == [ascii("a\nb"), ascii("b")])
        #expect(try sorted(ascii("\n\nb\n\n")) == [ascii("b")])
        #expect(try sorted([0xFF, 0x0A, 0x80, 0x0A]) == [[0x80], [0xFF]])
        #expect(try sorted([]).isEmpty)
        // A carriage return is part of a name.
        #expect(try sorted(ascii("a\r\n")) == [ascii("a\r")])
    }

    @Test func longerThanTheBuffer() throws {
        let names = (0..<9000).map { "directory/of some length/file\($0)" }
        #expect(try sorted(names) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test(arguments: ["a\nb", "/a\n", "a/../b\n", "..\n", "../a\n"])
    func refused(_ text: String) {
        #expect(throws: TarError.self) { try sorted(ascii(text)) }
    }

    /// A list with marks is refused wherever it is truncated, and whatever follows its end.
    @Test(arguments: [UInt8(0), UInt8(ascii: "\n")])
    func marks(separator: UInt8) throws {
        let records = [".wh..wh..list-begin", "b", "a/.wh.c", "", "a", ".wh..wh..list-end"]
        let whole = records.flatMap { ascii($0) + [separator] }
        func paths(_ bytes: some Collection<UInt8>) throws -> [[UInt8]] {
            try sorted(Array(bytes), isNullSeparated: separator == 0)
        }
        #expect(try paths(whole) == [ascii("a"), ascii("a/.wh.c"), ascii("b")])
        for count in 1..<whole.count {
            #expect(throws: TarError.self, "\(count)") { try paths(whole.prefix(count)) }
        }
        for more in ["a", ".wh..wh..list-begin", ".wh..wh..list-end"] {
            #expect(throws: TarError.self) { try paths(whole + ascii(more) + [separator]) }
        }
        #expect(
            try paths((records.prefix(1) + records.suffix(1)).flatMap { ascii($0) + [separator] })
                .isEmpty)
    }

    /// A process that failed at once leaves an empty pipe; an empty file is a list.
    @Test func emptyPipe() throws {
        #expect(throws: TarError.self) {
            try withInput(pieces: []) { try PathList($0, isNullSeparated: false).count }
        }
        #expect(try withInput([]) { try PathList($0, isNullSeparated: false).count } == 0)
    }

    @Test func whiteoutNames() {
        for name in [".wh.a", ".wh..a", ".wh.-", ".wh....", ".wh..wh..opq"] {
            #expect(Whiteout(ascii(name))?.name == ascii(name), "\(name)")
        }
        for name in [
            ".wh.", ".wh..", ".wh...", ".wh..wh.plnk", ".wh..wh.aufs", "a", ".wh",
            ".wh..wh..list-begin", ".wh..wh..list-end",
        ] {
            #expect(Whiteout(ascii(name)) == nil, "\(name)")
        }
    }
}

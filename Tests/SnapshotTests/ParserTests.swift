import ByteStream
import TestSupport
import Testing

@testable import Snapshot

@Suite struct ParserTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func parse(_ text: String) throws -> Snapshot { try directory.parse(Array(text.utf8)) }

    private func paths(_ snapshot: Snapshot) -> [String] {
        snapshot.records.map { String(decoding: snapshot.path(of: $0), as: UTF8.self) }
    }

    @Test func relativeEntries() throws {
        let snapshot = try parse(
            """
            #mtree
            # a comment

            /set type=file uid=7 mode=0600
            . type=dir
                b size=3
            a type=dir
                c uid=8 \\
                    mode=0644
            ..
            ..

            """)
        #expect(paths(snapshot) == ["a", "a/c", "b"])
        #expect(snapshot.records[1].entry.uid == 8)
        #expect(snapshot.records[1].entry.mode == 0o644)
        #expect(snapshot.records[2].entry.uid == 7)
        #expect(snapshot.records[1].parent == 0)
        #expect(snapshot.root?.kind == .directory)
    }

    /// The contents of small account files in oci-list's output, under the paths that links lead
    /// to.
    @Test func contentsOfFiles() throws {
        let snapshot = try parse(
            """
            . type=dir
                etc type=link link=/usr/etc
                usr type=dir
                    etc type=dir
                        group type=file tags=layer:2,data:cm9vdDp4OjA6Cg==
                        passwd type=file size=0 tags=data:
                        shadow type=file tags=layer:1
                    ..
                ..
            ..

            """)
        #expect(try snapshot.contents(of: "etc/group") == Array("root:x:0:\n".utf8))
        #expect(try snapshot.contents(of: "/usr/../etc/./group") == Array("root:x:0:\n".utf8))
        #expect(try snapshot.contents(of: "etc/passwd") == [])
        #expect(try snapshot.contents(of: "etc/shadow") == nil)
        #expect(try snapshot.contents(of: "etc") == nil)
        for data in ["!", "cm9vd", "cm9vdDp4OjA6Cg="] {
            #expect(throws: SnapshotError.self) {
                try parse(". type=dir\n f type=file tags=data:\(data)\n..\n")
            }
        }
    }

    @Test func fullEntriesInAnyOrder() throws {
        let snapshot = try parse(
            """
            . type=dir
            ./b.c type=file
            ./b type=dir
            b/z type=file
            ./b/a type=link link=x\\040y

            """)
        #expect(paths(snapshot) == ["b", "b/a", "b/z", "b.c"])
        #expect(snapshot.records[1].entry.linkTarget == Array("x y".utf8))
        for (index, path) in paths(snapshot).enumerated() {
            #expect(snapshot.index(of: Array(path.utf8)) == index)
        }
        #expect(snapshot.index(of: Array("b/b".utf8)) == nil)
    }

    @Test func keywords() throws {
        let entry = try parse(
            """
            . type=dir
            f type=file time=-2.5 size=18446744073709551615 inode=9 unknown=x optional \
            xattr.user.b=YmFy xattr.user.a= sha256=\(String(repeating: "aB", count: 32))
            d type=char device=native,1,3 tar_time=5.000000000
            ..

            """
        ).records
        #expect(entry[1].entry.time == SnapshotEntry.Time(seconds: -2, nanoseconds: 5))
        #expect(entry[1].entry.size == .max)
        #expect(entry[1].entry.extendedAttributes.map(\.value) == [[], Array("bar".utf8)])
        #expect(entry[1].entry.content?.hexadecimal.first == UInt8(ascii: "a"))
        #expect(entry[0].entry.device == SnapshotEntry.Device(major: 1, minor: 3))
        #expect(entry[0].entry.time == SnapshotEntry.Time(seconds: 5, nanoseconds: nil))
    }

    /// Every byte at every place of a digest.
    @Test func digitsOfDigests() {
        let digits = Array("0123456789abcdefABCDEF".utf8)
        for place in 0..<64 {
            for byte in UInt8.min...UInt8.max {
                var text = (0..<64).map { digits[($0 + place) % digits.count] }
                text[place] = byte
                let small = String(decoding: text, as: UTF8.self).lowercased()
                let expected = digits.contains(byte) ? Array(small.utf8) : nil
                #expect(ContentDigest(hexadecimal: text)?.hexadecimal == expected)
            }
        }
        for count in [0, 32, 63, 65, 128] {
            #expect(ContentDigest(hexadecimal: Array(repeating: digits[0], count: count)) == nil)
        }
    }

    /// Comments of ours belong to the entry before them, if the text announces them.
    @Test func ownKeywords() throws {
        let text = """
            . type=dir
            #. inode=1 ctime=7.5
            f type=file inode=2
            #. inode=3 ctime=-1.5 device=native,1,3
            #. xattr.user.a=YmFy
            #. xattr+.user.a=Zm9v
            # a comment
            ..

            """
        let own = try parse("#mtree\n#. version=1\n" + text)
        #expect(own.hasAttributes)
        #expect(own.root?.changeTime == SnapshotEntry.Time(seconds: 7, nanoseconds: 5))
        let entry = own.records[0].entry
        #expect(entry.inode == 3)
        #expect(entry.changeTime == SnapshotEntry.Time(seconds: -1, nanoseconds: 5))
        #expect(entry.extendedAttributes.map(\.value) == [Array("barfoo".utf8)])
        for header in ["", "#. version=2\n"] {
            let other = try parse(header + text)
            #expect(!other.hasAttributes)
            #expect(other.records[0].entry.inode == 2)
            #expect(other.records[0].entry.changeTime == nil)
        }
    }

    @Test func otherDigests() throws {
        let sha1 = String(repeating: "0", count: 40)
        let md5 = String(repeating: "A", count: 32)
        let snapshot = try parse(
            """
            ./a type=file sha1=\(sha1) md5digest=\(md5)
            ./b type=file cksum=1
            ./c type=file cksum=1 md5=\(md5)
            ./d type=dir md5=\(md5)
            ./e type=file sha1=\(sha1) sha256=\(String(repeating: "0", count: 64)) md5=\(md5)

            """)
        let algorithms = snapshot.records.map { $0.entry.otherContents.first?.algorithm }
        #expect(algorithms == [.sha1, nil, .md5, nil, nil])
        #expect(snapshot.otherDigests == ["cksum"])
        #expect(throws: SnapshotError.self) { try parse("./a type=file md5=00\n") }
    }

    @Test(arguments: [
        (". type=dir\nx type=dir\n..\n", 3), (". type=dir\n", 1), (". type=dir\nx type=fi", 2),
        (". type=dir\nx type=file \\\n", 3),
    ])
    func cut(_ text: String, _ line: Int) {
        #expect {
            try parse(text)
        } throws: {
            guard case SnapshotError.cut(_, line) = $0 else { return false }
            return true
        }
    }

    @Test(arguments: [
        ("..\n", 1), (". type=dir\n..\n..\n", 3), ("a/../../x type=file\n", 1),
        (#"a\057b type=file"# + "\n", 1), (#".\056 type=file"# + "\n", 1),
        (#"x\000 type=file"# + "\n", 1), (#"x\q type=file"# + "\n", 1), ("x\n", 1),
        ("x type=door\n", 1), ("x type=file size=-1\n", 1), ("x type=file size=+1\n", 1),
        ("x type=file size=99999999999999999999\n", 1), ("x type=file mode=9\n", 1),
        ("x type=file time=1.0000000000\n", 1), ("x type=file time=a\n", 1),
        ("x type=file sha256=00\n", 1), ("x type=file xattr.a=*\n", 1),
        ("a type=file\n./b type=file\na type=file\n", 3), ("a/b type=file\n", 1),
        ("./a type=file\n./a/b type=file\n", 2), (". type=file\n", 1),
        (". type=dir\n. type=dir\n..\n..\n", 2), ("/usr/bin type=dir\n", 1),
    ])
    func malformed(_ text: String, _ line: Int) {
        #expect {
            try parse(text)
        } throws: {
            guard case SnapshotError.malformed(_, line, _) = $0 else { return false }
            return true
        }
    }

    @Test func defaultsAreLimited() throws {
        let few = (0..<250).map { "k\($0)=1" }.joined(separator: " ")
        #expect(try parse("/set \(few)\n/set \(few)\n. type=dir\n..\n").records.isEmpty)
        let many = (0..<300).map { "k\($0)=1" }.joined(separator: " ")
        #expect(throws: SnapshotError.self) { try parse("/set \(many)\n. type=dir\n..\n") }
    }

    @Test func empty() {
        #expect { try parse("") } throws: {
            if case SnapshotError.empty = $0 { true } else { false }
        }
        #expect { try parse("#mtree\n\n") } throws: {
            if case SnapshotError.empty = $0 { true } else { false }
        }
    }

    @Test func longLines() {
        let line = "x type=file note=" + String(repeating: "y", count: SnapshotLines.byteLimit)
        #expect { try parse(line) } throws: {
            if case SnapshotError.tooLarge(_, 1) = $0 { true } else { false }
        }
        let deep = String(repeating: "\(String(repeating: "d", count: 250)) type=dir\n", count: 300)
        #expect { try parse(deep) } throws: {
            if case SnapshotError.tooLarge(_, 262) = $0 { true } else { false }
        }
    }
}

import ByteStream
import Glibc
import Testing

@testable import Tar

/// The results with and without openat2(2) are the same.
@Suite(.serialized) struct TreeExtractorTests {
    private typealias Entry = UnpackFixture.Entry

    @Test func namesOfALayerAreLimited() throws {
        // A directory that replaces another starts a count of its own.
        let entries = (0..<4).flatMap { _ in
            [Entry.directory("x"), .file("x/1"), .file("x/2"), .file("x")]
        }
        let archive = entries.flatMap(\.bytes) + [UInt8](repeating: 0, count: 1024)
        try UnpackFixture().apply(archive: archive, nameLimit: 20)
        let error = #expect(throws: TarError.self) {
            try UnpackFixture().apply(archive: archive, nameLimit: 2)
        }
        #expect(error?.message == "cannot unpack 'x/2': more than 2 names in one layer")
        // Each layer has its own count.
        let fixture = try UnpackFixture()
        for name in ["a", "b", "c"] {
            try fixture.apply(
                archive: Entry.file(name).bytes + [UInt8](repeating: 0, count: 1024), nameLimit: 1)
        }
    }

    /// A directory of the layer replaces a lower file, also without an entry.
    @Test func impliedDirectoriesReplace() throws {
        let all = ["d/", "d/old=1", "d/sub/", "d/sub/old=2"]
        try UnpackFixture.expect(
            [.file("f/a/b", "x")], makes: all + ["f/", "f/a/", "f/a/b=x", "l>d"])
        let fixture = try UnpackFixture()
        try fixture.apply([.file("f"), .link("to-file", "f"), .link("loop", "loop")])
        try fixture.apply([.file("to-file/x"), .file("loop/x")])
        #expect(try fixture.listing == ["f=", "loop/", "loop/x=", "to-file/", "to-file/x="])
        try UnpackFixture.expectRefusal([.file("new"), .file("new/x")], "not a directory")
        try UnpackFixture.expectRefusal([.link("new", "f"), .file("new/x")], "not a directory")
    }

    /// The name that the entry has is replaced, not the file that a link leads to.
    @Test func linksThatLeadToNoDirectoryAreReplaced() throws {
        for resolvesByKernel in [true, false] {
            func expect(_ lower: [Entry], _ upper: [Entry], _ expected: [String]) throws {
                let fixture = try UnpackFixture()
                try fixture.apply(lower, resolvesByKernel: resolvesByKernel)
                try fixture.apply(upper, resolvesByKernel: resolvesByKernel)
                #expect(try fixture.listing == expected.sorted())
            }
            try expect(
                [
                    .file("f"), .link("m", "n"), .link("n", "f"), .directory("d"),
                    .link("d/o", "../m"),
                ],
                [.file("d/o/q/x"), .file("n/y"), .file("m/z")],
                ["d/", "d/o/", "d/o/q/", "d/o/q/x=", "f=", "m>n", "n/", "n/y=", "n/z="])
            // Directories that the link needs before it meets the file are made.
            try expect(
                [.file("f"), .link("l", "a/b/../../f/c")], [.file("l/x")],
                ["a/", "a/b/", "f=", "l/", "l/x="])
            // More links than the kernel follows, some of them one link.
            try expect(
                (0..<45).map { .link("l\($0)", "l\($0 + 1)") } + [.directory("l45")],
                [.file("l0/x"), .file("l4/x"), .file("l5/y")],
                ["l0/", "l0/x=", "l1>l2", "l2>l3", "l3>l4", "l4/", "l4/x=", "l45/", "l45/y="]
                    + (5..<45).map { "l\($0)>l\($0 + 1)" })
            let path = Array(repeating: "l", count: 41).joined(separator: "/")
            try expect(
                [.link("l", ".")], [.file("\(path)/x"), .file("l/y"), .file("\(path)/z")],
                (1...41).map { Array(repeating: "l", count: $0).joined(separator: "/") + "/" }
                    + ["l/y=", "\(path)/x=", "\(path)/z="])
        }
    }

    /// Directories whose path leads elsewhere at the end of the layer get their times too.
    @Test func linksMayChangeAfterTheyWereFollowed() throws {
        for resolvesByKernel in [true, false] {
            for replacement in [Entry.directory("d"), .file("d"), .link("d", "e"), .file(".wh.d")] {
                let fixture = try UnpackFixture()
                try fixture.apply([.directory("t"), .directory("c"), .link("d", "t/../c/d")])
                try fixture.apply(
                    [
                        .directory("d/a", mode: 0o500), .file("d/a/b/f"), .file(".wh.t"),
                        replacement,
                    ],
                    resolvesByKernel: resolvesByKernel)
                #expect(try fixture.status("c/d/a").st_mtim.tv_sec == 2000)
                #expect(try fixture.status("c/d/a").st_mode & 0o7777 == 0o500)
                #expect(try fixture.status("c/d/a/b").st_mtim.tv_sec == 1000)
                #expect(try fixture.status("c/d").st_mtim.tv_sec == 2000)
                #expect(try fixture.status("c").st_mtim.tv_sec == 2000)
            }
            // A directory that a link leads through, and in which the layer makes another.
            let fixture = try UnpackFixture()
            try fixture.apply([.directory("a"), .link("l", "a/b/c")])
            try fixture.apply([.file("l/x")], resolvesByKernel: resolvesByKernel)
            #expect(try fixture.status("a").st_mtim.tv_sec == 2000)
            #expect(try fixture.status("a/b").st_mtim.tv_sec == 1000)
        }
    }

    @Test func whatCannotBeAFileIsRefused() throws {
        let long = String(repeating: "n", count: 256)
        try UnpackFixture.expectRefusal([.file(long)], "more than 255 bytes")
        try UnpackFixture.expectRefusal([.file("a/\(long)/b")], "more than 255 bytes")
        try UnpackFixture.expectRefusal([.link("a", long), .file("a/b")], "too long")
        try UnpackFixture.expectRefusal(
            [.link("a", "b/\(long)/../../d"), .file("a/b")], "too long")
        try UnpackFixture.expectRefusal([.link("a", "")], "its link target is empty")
        try UnpackFixture.expectRefusal(
            [.link("a", String(repeating: "n", count: 4096))], "too long")
        for kind in [TarEntry.Kind.file, .directory, .symbolicLink, .fifo] {
            for (uid, gid) in [(UInt64(UInt32.max), UInt64(0)), (0, 1 << 32)] {
                var entry = Entry.link("x", "y", kind: kind)
                entry.header.uid = uid
                entry.header.gid = gid
                try UnpackFixture.expectRefusal([entry], "no owner can be \(uid):\(gid)")
            }
        }
        // A hard link has the owner of its file, and whiteouts are no files.
        let fixture = try UnpackFixture()
        var link = Entry.link("h", String(repeating: "./", count: 3000) + "f", kind: .hardLink)
        link.header.uid = 1 << 40
        var whiteout = Entry.file(".wh." + long)
        whiteout.header.uid = 1 << 40
        try fixture.apply([
            .file("f"), link, whiteout, .file("\(long)/.wh.x"), .file(String(long.dropLast())),
        ])
        #expect(try fixture.listing == ["f=", "h=", "\(long.dropLast())="])
    }

    /// Many more directories than are kept in memory, visited twice.
    @Test func directoriesAreFinishedInBetween() throws {
        let fixture = try UnpackFixture()
        let long = String(repeating: "n", count: 200)
        let names = (0..<400).map { "\($0)-\(long)" }
        let paths = names.flatMap { name in names.prefix(250).map { "\(name)/\($0)" } }
        let directories = names.map { Entry.directory($0, mode: 0o500) }
        let entries = directories + paths.prefix(60_000).map { Entry.directory($0, mode: 0o555) }
        try fixture.apply(entries + names.map { Entry.file("\($0)/f", "x") })
        for name in [names[0], names[239], paths[0], paths[59_999]] {
            let status = try fixture.status(Path(name))
            #expect(status.st_mtim.tv_sec == 2000)
            #expect(status.st_mode & 0o7777 == (name.contains("/") ? 0o555 : 0o500))
        }
    }

    @Test func holesStayHoles() throws {
        let fixture = try UnpackFixture()
        try fixture.apply(archive: SparseArchives.pax10 + endOfArchive)
        let status = try fixture.status("sparse")
        #expect(status.st_size == Int(SparseArchives.size))
        #expect(Int(status.st_blocks) * 512 < status.st_size)
        #expect(
            try InputStream.readFile(fixture.path.appending("sparse"), limit: 4 << 20)
                == SparseArchives.content)
    }

    @Test func whatCannotBeSetIsAWarning() throws {
        let fixture = try UnpackFixture()
        var link = Entry.link("link", "x")
        link.header.extendedAttributes = [
            TarEntry.ExtendedAttribute(name: ascii("user.note"), value: ascii("v"))
        ]
        let warnings = try fixture.apply([link])
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("'user.note' is left out, first of 'link'") == true)
    }

    /// A program must not run as another user than the one in the layer.
    @Test func setIDBitsNeedTheirOwner() throws {
        let fixture = try UnpackFixture()
        var file = Entry.file("program", mode: 0o6755)
        file.header.uid = UInt64(geteuid()) + 1
        file.header.gid = UInt64(getegid()) + 1
        try fixture.apply([file], ownership: .dropped)
        #expect(try fixture.status("program").st_mode & 0o7777 == 0o755)
        try fixture.apply([file], ownership: .recorded)
        #expect(try fixture.status("program").st_mode & 0o7777 == 0o6755)
    }

    @Test func typesChange() throws {
        try UnpackFixture.expect([.file("d", "x")], makes: ["d=x", "f=3", "l>d"])
        try UnpackFixture.expect(
            [.directory("f"), .file("f/g")],
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f/", "f/g=", "l>d"])
        try UnpackFixture.expect(
            [.directory("l"), .file("l/g")],
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=3", "l/", "l/g="])
        try UnpackFixture.expect([.link("d", "f")], makes: ["d>f", "f=3", "l>d"])
        // The directory that was open under this name is no longer written to.
        try UnpackFixture.expect(
            [.file("d/a"), .link("d", "e"), .directory("e"), .file("d/b", "x")],
            makes: ["d>e", "e/", "e/b=x", "f=3", "l>d"])
    }

    @Test func linksLeadNowhereElse() throws {
        try UnpackFixture.expect(
            [.link("up", "../../d"), .file("up/new", "x"), .link("abs", "/d/sub"), .file("abs/y")],
            makes: [
                "abs>/d/sub", "d/", "d/new=x", "d/old=1", "d/sub/", "d/sub/old=2", "d/sub/y=",
                "f=3", "l>d", "up>../../d",
            ])
        // A link to a missing directory creates it, inside the tree.
        try UnpackFixture.expect(
            [.link("var", "../../run/x"), .file("var/a/b", "x"), .file(".wh.d")],
            makes: ["f=3", "l>d", "run/", "run/x/", "run/x/a/", "run/x/a/b=x", "var>../../run/x"])
        try UnpackFixture.expectRefusal(
            [.link("a", "b"), .link("b", "a"), .file("a/x")], "in a circle")
        try UnpackFixture.expectRefusal([.file("../x")], "leads out")
        try UnpackFixture.expectRefusal([.file("d/../x")], "leads out")
    }

    @Test func hardLinksAreOfTheTree() throws {
        let fixture = try UnpackFixture()
        try fixture.apply(UnpackFixture.lower)
        try fixture.apply([
            .link("h", "/l/old", kind: .hardLink), .link("h2", "h", kind: .hardLink),
            .link("h2", "h2", kind: .hardLink),
        ])
        #expect(try fixture.status("h").st_ino == fixture.status("d/old").st_ino)
        #expect(try fixture.status("d/old").st_nlink == 3)
        // Replaced, not written through.
        try fixture.apply([.file("h", "new")])
        #expect(try fixture.status("d/old").st_nlink == 2)
        try UnpackFixture.expectRefusal([.link("h", "d", kind: .hardLink)], "is a directory")
        for (name, target) in [("d", "d/old"), ("d", "l/sub/old"), ("d/sub", "l/sub/old")] {
            try UnpackFixture.expectRefusal(
                [.link(name, target, kind: .hardLink)], "is in what it replaces")
            let kept = try UnpackFixture()
            try kept.apply(UnpackFixture.lower)
            #expect(throws: TarError.self) {
                try kept.apply([.link(name, target, kind: .hardLink)])
            }
            #expect(try kept.listing == ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=3", "l>d"])
        }
        try UnpackFixture.expect(
            [.link("l", "l/old", kind: .hardLink), .link("d/sub", "d/old", kind: .hardLink)],
            makes: ["d/", "d/old=1", "d/sub=1", "f=3", "l=1"])
        try UnpackFixture.expectRefusal([.link("h", "none", kind: .hardLink)], "is not there")
        try UnpackFixture.expectRefusal([.link("h", "../f", kind: .hardLink)], "leads out")
    }

    @Test func timesAndModesAreTheLayers() throws {
        let fixture = try UnpackFixture()
        try fixture.apply([
            .directory("d", mode: 0o1755), .file("d/f", "x", mode: 0o4711),
            .directory("d/ro", mode: 0o500), .file("d/ro/f"), .link("l", "d"),
            .file("made/f"),
        ])
        func check() throws {
            #expect(try fixture.status("d").st_mode & 0o7777 == 0o1755)
            #expect(try fixture.status("d").st_mtim.tv_sec == 2000)
            #expect(try fixture.status("d/f").st_mode & 0o7777 == 0o4711)
            #expect(try fixture.status("d/f").st_mtim.tv_sec == 1000)
            #expect(try fixture.status("d/ro").st_mode & 0o7777 == 0o500)
            #expect(try fixture.status("l").st_mtim.tv_sec == 3000)
            #expect(try fixture.status("made").st_mode & 0o7777 == 0o755)
            #expect(try fixture.status("made").st_mtim.tv_sec == 1000)
        }
        try check()
        // A directory without an entry in the layer keeps its time.
        try fixture.apply([.file("d/new"), .file("d/ro/new"), .file("d/.wh.f"), .file("made/g")])
        try fixture.apply([.file("d/f", "x", mode: 0o4711)])
        try check()
    }

    @Test func fractionsOfSecondsAreKept() throws {
        #expect(try #require(PaxRecords.time(Array("12.5".utf8))) == (12, 500_000_000))
        #expect(try #require(PaxRecords.time(Array("-1.25".utf8))) == (-2, 750_000_000))
        #expect(try #require(PaxRecords.time(Array("1.0000000019".utf8))) == (1, 1))
        #expect(try #require(PaxRecords.time(Array(".5".utf8))) == (0, 500_000_000))
        #expect(try #require(PaxRecords.time(Array("-.5".utf8))) == (-1, 500_000_000))
        #expect(try #require(PaxRecords.time(Array("5.".utf8))) == (5, 0))
        #expect(PaxRecords.time(Array(".".utf8)) == nil)
        #expect(PaxRecords.time(Array("1.x".utf8)) == nil)
        #expect(PaxRecords.time(Array("9223372036854775808".utf8)) == nil)
        #expect(PaxRecords.time(Array("-9223372036854775808.5".utf8)) == nil)
    }

    @Test func ownersAreRecordedAsOthersReadThem() {
        #expect(RootlessOwner.encode(uid: 0, gid: 0) == nil)
        #expect(RootlessOwner.encode(uid: 1, gid: 0) == [0x08, 1])
        #expect(RootlessOwner.encode(uid: 0, gid: 5) == [0x10, 5])
        #expect(RootlessOwner.encode(uid: 1000, gid: 300) == [0x08, 0xE8, 7, 0x10, 0xAC, 2])
    }

    @Test func devicesBecomeFilesWithOneWarning() throws {
        let fixture = try UnpackFixture()
        var device = Entry.file("null")
        device.header.kind = .characterDevice
        device.header.deviceMajor = 1
        device.header.deviceMinor = 3
        var other = device
        other.header.path = Array("zero".utf8)
        let warnings = try fixture.apply([device, other])
        #expect(warnings == ["devices become empty files, the first is 'null'"])
        #expect(try fixture.listing == ["null=", "zero="])
    }

    /// More levels than open descriptors, and a walk back up.
    @Test func deepTrees() throws {
        let fixture = try UnpackFixture()
        let depths = Array(1...600)
        let paths = depths.map { Array(repeating: "d", count: $0).joined(separator: "/") }
        let entries =
            paths.map { Entry.directory($0) } + paths.reversed().map { Entry.file("\($0)/f", "x") }
        try fixture.apply(entries)
        let listing = try fixture.listing
        #expect(listing.count == 1200)
        try fixture.apply([.file(".wh.d")])
        #expect(try fixture.listing.isEmpty)
    }

    /// A tar without its end is refused, unless a digest proves that it is complete.
    @Test func missingEnd() throws {
        for (isEndProved, cut, isWhole) in [
            (false, 0, false), (true, 0, true), (true, 511, true), (true, 512, false),
            (true, 2048, true), (false, 2048, false),
            (true, 600, false),
        ] {
            let fixture = try UnpackFixture()
            let extractor = try TreeExtractor(fixture.path, isRootless: true, warn: { _ in })
            let tar = Entry.file("a", "1").bytes + Entry.file("b", "2").bytes
            let source = MemorySource(tar.dropLast(cut))
            do {
                try extractor.apply(source, path: "test", isEndProved: isEndProved)
                #expect(isWhole)
            } catch {
                #expect(!isWhole)
                #expect(error.exitStatus == .dataError)
            }
        }
    }
}

import ByteStream
import Tar
import Testing

@testable import ImageTree

@Suite struct ImageTreeTests {
    @Test func upperLayersWin() throws {
        let tree = try tree([
            [.directory("a/"), .file("a/x"), .file("b")],
            [.file("a/x", size: 2), .file("c")],
        ])
        #expect(try tree.paths() == ["1 a", "2 a/x", "1 b", "2 c"])
        #expect(tree.covered.map(\.size) == [1])
    }

    @Test func whiteoutsAreForTheLayersBelowWhereverTheyStand() throws {
        let below: [Item] = [.directory("a/"), .file("a/old"), .file("b")]
        for own: [Item] in [
            [.empty("a/.wh.old"), .empty(".wh.b"), .file("a/old", size: 5), .file("b")],
            [.file("a/old", size: 5), .file("b"), .empty(".wh.b"), .empty("a/.wh.old")],
        ] {
            #expect(try tree([below, own]).paths() == ["1 a", "2 a/old", "2 b"])
        }
        for own: [Item] in [
            [.empty("a/.wh..wh..opq"), .file("a/new")], [.file("a/new"), .empty("a/.wh..wh..opq")],
        ] {
            #expect(try tree([below, own]).paths() == ["1 a", "2 a/new", "1 b"])
        }
        #expect(try tree([below, [.empty(".wh..wh..opq"), .file("c")]]).paths() == ["2 c"])
    }

    @Test func whiteoutsLeadThroughNoLink() throws {
        let below: [Item] = [.directory("real/"), .file("real/f"), .link("link", "real")]
        #expect(
            try tree([below, [.empty("link/.wh.f")], [.empty("link/.wh..wh..opq")]]).paths()
                == ["1 link", "1 real", "1 real/f"])
    }

    @Test func entriesLeadThroughLinksOfLowerLayers() throws {
        let tree = try tree([
            [.directory("usr/"), .directory("usr/lib/"), .link("lib", "usr/lib")],
            [.file("lib/x")],
            [.link("abs", "/lib/"), .link("up", "usr/lib/../..")],
            [.file("abs/y"), .file("up/z")],
        ])
        #expect(
            try tree.paths() == [
                "3 abs", "1 lib", "3 up", "1 usr", "1 usr/lib", "2 usr/lib/x", "4 usr/lib/y", "4 z",
            ])
    }

    @Test func typesChange() throws {
        let below: [Item] = [.directory("d/"), .file("d/x"), .file("f"), .link("l", "d")]
        #expect(
            try tree([below, [.file("d"), .directory("f/"), .directory("l/"), .file("l/y")]])
                .paths() == ["2 d", "2 f", "2 l", "2 l/y"])
        // A name that returns after its directory was deleted does not bring back the old contents.
        #expect(
            try tree([below, [.file("d")], [.directory("d/")], [.file("d/z")]]).paths()
                == ["3 d", "4 d/z", "1 f", "1 l"])
        // An entry below a lower layer's file replaces the file; below a file of its own layer it
        // is refused.
        #expect(try tree([below, [.file("f/x")]]).paths().suffix(3) == ["2 f", "2 f/x", "1 l"])
        #expect(throws: ImageTreeError.self) { try tree([below, [.file("n"), .file("n/x")]]) }
    }

    @Test func hardLinksKeepTheirContent() throws {
        let tree = try tree([
            [.file("one", size: 9), .hardLink("two", "one")],
            [.file("one", size: 3)], [.hardLink("dir/three", "two")],
        ])
        #expect(try tree.paths() == ["3 dir", "3 dir/three", "2 one", "1 two"])
        let two = try #require(tree.find(Array("two".utf8)))
        #expect(try tree.snapshotEntry(of: two).linkCount == 2)
        #expect(try tree.snapshotEntry(of: two).size == 9)
        #expect(tree.covered.isEmpty)
        var gone = tree
        try gone.apply(listing([.empty(".wh.two"), .empty(".wh.dir")]))
        #expect(gone.covered.map(\.size) == [9])
        #expect(throws: ImageTreeError.self) { try tree.applying([.hardLink("x", "none")]) }
        #expect(throws: ImageTreeError.self) { try tree.applying([.hardLink("x", "dir")]) }
    }

    @Test func hardLinksOutliveLaterWhiteouts() throws {
        let below: [Item] = [.directory("d/"), .file("d/a", size: 9), .file("d/b"), .file("k")]
        for whiteout in ["d/.wh.a", "d/.wh..wh..opq", ".wh.d", ".wh..wh..opq"] {
            let linked = try tree([below, [.hardLink("link", "d/a"), .empty(whiteout)]])
            let link = try #require(linked.find(Array("link".utf8)))
            #expect(try linked.snapshotEntry(of: link).size == 9)
            #expect(linked.find(Array("d/a".utf8)) == nil)
            #expect(!linked.covered.map(\.size).contains(9))
            // Before the link, the whiteout leaves nothing to link to.
            #expect(throws: ImageTreeError.self) {
                try tree([below, [.empty(whiteout), .hardLink("link", "d/a")]])
            }
        }
        #expect(
            try tree([below, [.hardLink("k", "k"), .empty(".wh.k")]]).paths().contains("2 k"))
    }

    @Test func whiteoutsSpareTheirLayer() throws {
        let below: [Item] = [
            .directory("d/", mode: 0o711), .file("d/a"), .directory("d/e/"), .file("d/e/f"),
            .directory("d/g/"), .link("l", "d"),
        ]
        // A directory that still has files of the layer stays as it was.
        let own: [Item] = [.file("d/e/n"), .empty(".wh.d"), .file("l/x"), .empty(".wh.l")]
        let spared = try tree([below, own])
        #expect(try spared.paths() == ["1 d", "1 d/e", "2 d/e/n", "2 d/x"])
        let directory = try #require(spared.find(Array("d".utf8)))
        #expect(try spared.snapshotEntry(of: directory).mode == 0o711)
        // The next layer may use the names again, and delete all of it.
        #expect(
            try tree([below, own, [.file("d/a"), .directory("d/g/"), .file("d/g/h")]]).paths()
                == ["1 d", "3 d/a", "1 d/e", "2 d/e/n", "3 d/g", "3 d/g/h", "2 d/x"])
        #expect(try tree([below, own, [.empty(".wh.d")]]).paths() == [])
    }

    @Test func manyWhiteoutsOfOneDirectory() throws {
        var below: [Item] = [.directory("d/")]
        for index in 0..<20_000 { below.append(.directory("d/\(index)/")) }
        var own: [Item] = [.file("d/own")]
        for _ in 0..<20_000 { own += [.empty(".wh.d"), .empty("d/.wh..wh..opq")] }
        #expect(try tree([below, own]).paths() == ["1 d", "2 d/own"])
    }

    /// The name that the entry has is replaced, not the file that a link leads to.
    @Test func linksThatLeadToNoDirectoryAreReplaced() throws {
        #expect(
            try tree([
                [
                    .file("f"), .link("m", "n"), .link("n", "f"), .directory("d"),
                    .link("d/o", "../m"),
                ],
                [.file("d/o/q/x"), .file("n/y"), .file("m/z")],
            ]).paths() == [
                "1 d", "2 d/o", "2 d/o/q", "2 d/o/q/x", "1 f", "1 m", "2 n", "2 n/y", "2 n/z",
            ])
        // Directories that the link needs before it meets the file are made.
        #expect(
            try tree([[.file("f"), .link("l", "a/b/../../f/c")], [.file("l/x")]]).paths()
                == ["2 a", "2 a/b", "1 f", "2 l", "2 l/x"])
        #expect(throws: ImageTreeError.self) {
            try tree([[.file("f")], [.link("l", "f"), .file("l/x")]])
        }
        let circle: [Item] = [.link("a", "b"), .link("b", "a")]
        #expect(try tree([circle, [.file("a/x")]]).paths() == ["2 a", "2 a/x", "1 b"])
        #expect(throws: ImageTreeError.self) { try tree([circle + [.file("a/x")]]) }
        // More links than the kernel follows, some of them one link.
        let path = Array(repeating: "l", count: 41).joined(separator: "/")
        let paths = try tree([[.link("l", ".")], [.file("\(path)/x"), .file("l/y")]]).paths()
        #expect(paths.count == 43)
        #expect(paths.suffix(2) == ["2 \(path)/x", "2 l/y"])
    }

    @Test func whatUnpackingRefuses() throws {
        let long = String(repeating: "n", count: 256)
        for path in ["../x", "a/.wh.", ".wh.a/b", "a/../../b", long, "a/\(long)/b"] {
            #expect(throws: TarError.self, "\(path)") { try listing([.empty(path)]) }
        }
        for target in ["", String(repeating: "t", count: 4096)] {
            #expect(throws: TarError.self) { try listing([.link("x", target)]) }
        }
        for target in ["../x", String(repeating: "t/", count: 3000)] {
            #expect(throws: TarError.self) { try listing([.hardLink("x", target)]) }
        }
        for owner in [UInt64(UInt32.max), 1 << 32] {
            var entry = Item.file("f").entry
            entry.uid = owner
            #expect(throws: TarError.self) { try LayerItem(entry) }
            (entry.uid, entry.gid) = (0, owner)
            #expect(throws: TarError.self) { try LayerItem(entry) }
        }
        for target in [long, "b/\(long)/../../d"] {
            #expect(throws: ImageTreeError.self) {
                try tree([[.directory("d"), .link("a", target), .file("a/b")]])
            }
        }
        // A hard link has the owner of its file, and whiteouts are no files.
        var link = Item.hardLink("h", String(repeating: "./", count: 3000) + "f").entry
        link.uid = 1 << 40
        let item = try #require(try LayerItem(link))
        var layer = try listing([.file("f"), .empty(".wh.\(long)"), .empty("\(long)/.wh.x")])
        try layer.append(item, layer: someDigest)
        var image = ImageTree()
        try image.apply(layer)
        #expect(try image.paths() == ["1 f", "1 h"])
    }

    @Test func hardLinksToWhatTheyReplace() throws {
        let below: [Item] = [.directory("d/"), .file("d/s/f"), .link("l", "d")]
        for (name, target) in [("d", "d/s/f"), ("d/s", "l/s/f"), ("d", "l/s/f")] {
            #expect(throws: ImageTreeError.self) { try tree([below, [.hardLink(name, target)]]) }
        }
        #expect(
            try tree([below, [.hardLink("l", "l/s/f")]]).paths()
                == ["1 d", "1 d/s", "1 d/s/f", "2 l"])
    }

    @Test func manyNamesThatComeAndGo() throws {
        var items: [Item] = []
        for index in 0..<2000 { items.append(.file("d/\(index)")) }
        let tree = try tree([items, [.file("d")], items, [.empty(".wh.d")], items])
        #expect(try tree.paths().count == 2001)
        // A name costs one node, however often it occurs.
        #expect(tree.nodes.count == 2002)
        #expect(MemoryLayout<ImageTree.Node>.stride <= 32)
    }

    @Test func findsPathsAsAContainerDoes() throws {
        let tree = try tree([
            [.directory("usr/"), .file("usr/f"), .link("l", "usr"), .link("k", "/l")]
        ])
        func path(_ text: String) -> String? {
            tree.find(Array(text.utf8)).map { String(decoding: tree.path(of: $0), as: UTF8.self) }
        }
        #expect(path("/k/f") == "usr/f")
        #expect(path("k") == "k")
        #expect(path("k/") == "usr")
        #expect(path("./l/../usr/./f") == "usr/f")
        #expect(path("/") == "")
        #expect(path("k/none") == nil)
        #expect(path("usr/f/x") == nil)
        // A last dot is a last slash: links are followed, and only a directory has such a path.
        #expect(path("k/.") == "usr")
        #expect(path("k/./") == "usr")
        #expect(path("k/..") == "")
        #expect(path("usr/.") == "usr")
        #expect(path("usr/./f") == "usr/f")
        #expect(path(".") == "")
        #expect(path("") == "")
        for ending in ["/.", "/", "/./.", "/.."] { #expect(path("usr/f\(ending)") == nil) }
    }
}

extension ImageTree {
    fileprivate func applying(_ items: [Item]) throws -> ImageTree {
        var copy = self
        try copy.apply(listing(items))
        return copy
    }
}

@Suite struct ComparisonTextTests {
    @Test func textOfStrangersStaysOneLine() {
        let difference = ImageDifference(
            subject: .annotation("a\n\u{1B}[31m"), change: .removed, first: .string("it's\u{7}"))
        #expect(difference.text == #"annotation a\n\033[31m: "it's\\u0007" | -"#)
    }
}

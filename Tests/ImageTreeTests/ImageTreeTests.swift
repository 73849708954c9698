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
        #expect(try tree.snapshotEntry(of: two)?.linkCount == 2)
        #expect(try tree.snapshotEntry(of: two)?.size == 9)
        #expect(tree.covered.isEmpty)
        var gone = tree
        try gone.apply(listing([.empty(".wh.two"), .empty(".wh.dir")]))
        #expect(gone.covered.map(\.size) == [9])
        #expect(throws: ImageTreeError.self) { try tree.applying([.hardLink("x", "none")]) }
        #expect(throws: ImageTreeError.self) { try tree.applying([.hardLink("x", "dir")]) }
    }

    @Test func refusesCircles() throws {
        let below: [Item] = [.link("a", "b"), .link("b", "a")]
        #expect(throws: ImageTreeError.self) { try tree([below, [.file("a/x")]]) }
    }

    @Test func whatUnpackingRefuses() {
        for path in ["../x", "a/.wh.", ".wh.a/b", "a/../../b"] {
            #expect(throws: TarError.self, "\(path)") { try listing([.empty(path)]) }
        }
        #expect(throws: TarError.self) {
            try listing([.link("x", String(repeating: "t", count: 4096))])
        }
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

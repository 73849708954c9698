import ByteStream
import Glibc
import Testing

@testable import Tar

/// The results with and without openat2(2) are the same.
@Suite(.serialized) struct WhiteoutRemoverTests {
    private typealias Entry = UnpackFixture.Entry

    @Test func whiteoutsRemoveWhatIsBelow() throws {
        try UnpackFixture.expect(
            [.file(".wh.f"), .file("d/.wh.sub")], makes: ["d/", "d/old=1", "l>d"])
        try UnpackFixture.expect([.file(".wh.d")], makes: ["f=3", "l>d"])
        try UnpackFixture.expect(
            [.file(".wh.l")], makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=3"])
        try UnpackFixture.expect(
            [.file(".wh.none"), .file("none/.wh.x"), .file("none/.wh..wh..opq")],
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=3", "l>d"])
    }

    /// A whiteout's path is resolved in the tree before the layer, and through no link.
    @Test(arguments: [true, false])
    func whiteoutsGoThroughNoLink(isFirst: Bool) throws {
        let all = ["d/", "d/old=1", "d/sub/", "d/sub/old=2"]
        for name in ["l/.wh.old", "l/.wh..wh..opq", "l/sub/.wh.old", "f/.wh.x", "f/.wh..wh..opq"] {
            try UnpackFixture.expect([.file(name)], makes: all + ["f=3", "l>d"])
        }
        func layer(_ whiteout: Entry, _ entry: [Entry]) -> [Entry] {
            isFirst ? [whiteout] + entry : entry + [whiteout]
        }
        try UnpackFixture.expect(
            layer(.file("l/.wh..wh..opq"), [.directory("l"), .file("l/new", "4")]),
            makes: all + ["f=3", "l/", "l/new=4"])
        try UnpackFixture.expect(
            layer(.file("d/.wh.old"), [.link("d", "e"), .directory("e"), .file("e/old", "5")]),
            makes: ["d>e", "e/", "e/old=5", "f=3", "l>d"])
        try UnpackFixture.expect(
            layer(.file("f/.wh.x"), [.directory("f"), .file("f/x", "6")]),
            makes: all + ["f/", "f/x=6", "l>d"])
        let fixture = try UnpackFixture()
        try fixture.apply([.link("loop", "loop"), .link("none", "nowhere")])
        try fixture.apply([.file("loop/.wh.x"), .file("none/.wh..wh..opq")])
        #expect(try fixture.listing == ["loop>loop", "none>nowhere"])
    }

    /// In either order: the layer's own files stay, at any depth.
    @Test(arguments: [true, false])
    func whiteoutsSpareTheirOwnLayer(isFirst: Bool) throws {
        func layer(_ whiteouts: [Entry], _ entries: [Entry]) -> [Entry] {
            isFirst ? whiteouts + entries : entries + whiteouts
        }
        try UnpackFixture.expect(
            layer([.file("d/.wh..wh..opq")], [.file("d/sub/new", "4"), .file("d/new", "5")]),
            makes: ["d/", "d/sub/", "d/sub/new=4", "d/new=5", "f=3", "l>d"])
        try UnpackFixture.expect(
            layer([.file(".wh.f")], [.file("f", "6")]),
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=6", "l>d"])
        try UnpackFixture.expect(
            layer([.file("d/.wh.sub")], [.directory("d/sub"), .file("d/sub/new", "7")]),
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/new=7", "f=3", "l>d"])
        try UnpackFixture.expect(
            layer([.file(".wh.d")], [.file("d/sub/new", "8")]),
            makes: ["d/", "d/sub/", "d/sub/new=8", "f=3", "l>d"])
        // The same directory under another name.
        try UnpackFixture.expect(
            layer([.file("d/.wh..wh..opq")], [.file("l/new", "9")]),
            makes: ["d/", "d/new=9", "f=3", "l>d"])
        try UnpackFixture.expect(layer([.file(".wh..wh..opq")], [.file("new")]), makes: ["new="])
    }

    @Test func repeatedWhiteoutsOfOneDirectory() throws {
        let all = ["d/", "d/sub/", "f=3", "l>d"]
        for whiteout in ["d/.wh..wh..opq", ".wh.d", "d/.wh.sub", "d/sub/.wh..wh..opq"] {
            let own = (0..<50).flatMap { [Entry.file("d/sub/\($0)"), .file(whiteout)] }
            let kept = ["d/.wh.sub", "d/sub/.wh..wh..opq"].contains(whiteout) ? ["d/old=1"] : []
            try UnpackFixture.expect(own, makes: all + kept + (0..<50).map { "d/sub/\($0)=" })
        }
        // A directory that a whiteout has emptied is removed by the next.
        try UnpackFixture.expect(
            [.file("d/sub/.wh..wh..opq"), .file(".wh.d"), .file(".wh.d")], makes: ["f=3", "l>d"])
        try UnpackFixture.expect(
            [.file("d/sub/.wh..wh..opq"), .file("d/x"), .file(".wh.d"), .file(".wh.d")],
            makes: ["d/", "d/x=", "f=3", "l>d"])
    }

    @Test func malformedWhiteoutsAreRefused() throws {
        for name in [".wh.", "d/.wh..", "d/.wh...", "d/.wh..wh.x"] {
            try UnpackFixture.expectRefusal([.file(name)], "whiteout that deletes nothing")
        }
        try UnpackFixture.expectRefusal([.file(".wh.d/f")], "named like a whiteout")
        // Leftovers of aufs at the top are not part of the image.
        try UnpackFixture.expect(
            [.file(".wh..wh.aufs"), .directory(".wh..wh.plnk"), .file(".wh..wh.plnk/1.2")],
            makes: ["d/", "d/old=1", "d/sub/", "d/sub/old=2", "f=3", "l>d"])
    }
}

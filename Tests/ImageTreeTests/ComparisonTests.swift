import OCI
import Snapshot
import Tar
import Testing

@testable import ImageTree

@Suite struct LayerCoverageTests {
    private func areAlike(_ first: [Item], _ second: [Item]) throws -> Bool {
        try LayerCoverage.areAlike([listing(first)], [listing(second)])
    }

    @Test func samePathsOfTheSameKinds() throws {
        #expect(
            try areAlike(
                [.directory("d/"), .file("d/x"), .hardLink("h", "d/x"), .link("l", "d")],
                [.file("l"), .directory("d/"), .file("d/x", size: 9), .file("h")]))
        #expect(try !areAlike([.file("a")], [.file("b")]))
    }

    @Test func otherKindsDecideAboutTheLayersBelow() throws {
        #expect(try !areAlike([.directory("d/")], [.file("d")]))
        #expect(try !areAlike([.directory("d/")], [.link("d", "r")]))
        // A path that was a file first has none of the lower layers' contents.
        #expect(try !areAlike([.file("d"), .directory("d/")], [.directory("d/")]))
        let changing: [Item] = [.file("d"), .directory("d/")]
        #expect(try !areAlike(changing, changing))
    }

    @Test func entriesBehindLinksAndWithoutDirectories() throws {
        let behind: [Item] = [.link("k", "d"), .file("k/n")]
        #expect(try !areAlike(behind, behind))
        #expect(try !areAlike([.file("d/n")], [.file("d/n")]))
        #expect(try !areAlike([.hardLink("h", "f")], [.hardLink("h", "f")]))
        #expect(try !areAlike([.directory("d/"), .hardLink("h", "d")], [.directory("d/")]))
        #expect(try !areAlike([.empty(".wh.f")], [.empty(".wh.f")]))
    }

    @Test func theRootIsAnEntryToo() throws {
        #expect(try areAlike([.directory("./"), .file("a")], [.directory("./"), .file("a")]))
        #expect(try !areAlike([.directory("./"), .file("a")], [.file("a")]))
    }
}

@Suite struct FileComparisonTests {
    private func compare(
        _ first: [[Item]], _ second: [[Item]], ignoresTime: Bool = false
    ) throws -> FileComparison {
        // Layers with the same number are the same.
        let numbers = Array(0..<max(first.count, second.count))
        var comparison = try FileComparison(
            tree(first), tree(second),
            layers: (
                first.indices.map { numbers[$0] },
                second.indices.map { $0 == 0 ? 0 : numbers.count + $0 }
            ),
            ignoresTime: ignoresTime)
        try comparison.run()
        return comparison
    }

    @Test func unknownContentsOfTwoFilesAreNotTheSame() throws {
        let low: [Item] = [.file("f"), .file("g")]
        let links = try compare([low, [.hardLink("n", "f")]], [low, [.hardLink("n", "g")]])
        #expect(links.lacksDigests)
        // The same file of the same layer needs no digest.
        let same = try compare([low, [.hardLink("n", "f")]], [low, [.hardLink("m", "f")]])
        #expect(!same.lacksDigests)
        #expect(same.differences.map(\.text).count == 2)
        let empty: [Item] = [.file("f", size: 0), .file("g", size: 0)]
        #expect(
            try !compare([empty, [.hardLink("n", "f")]], [empty, [.hardLink("n", "g")]])
                .lacksDigests)
    }

    @Test func aRootWithoutAnEntryIsAnEmptyDirectory() throws {
        let comparison = try compare([[.directory("./")]], [[.file("f")]])
        #expect(
            comparison.differences.map(\.text) == [
                "'/': time, layers 1 | 0", "'/f': only in the second, layer 1",
            ])
        let ignoring = { (mode: UInt32) in
            try compare(
                [[.directory("./", mode: mode)]], [[]], ignoresTime: true
            ).differences
        }
        #expect(try ignoring(0o755).isEmpty)
        let difference = try #require(try ignoring(0o700).first)
        #expect(difference.aspects == ["mode"])
        #expect(difference.first?.object?["mode"] == .string("0700"))
        #expect(difference.second?.object?["mode"] == .string("0755"))
        #expect(difference.second?.object?["layer"] == .integer(0))
    }

    @Test func valuesShowWhatDiffers() throws {
        func tree(_ nanoseconds: UInt32, _ value: String) throws -> ImageTree {
            var file = TarEntry(kind: .file, path: Array("f".utf8), mode: 0o644)
            file.modificationTime = 1
            file.modificationNanoseconds = nanoseconds
            file.extendedAttributes = [
                TarEntry.ExtendedAttribute(
                    name: Array("user.a".utf8), value: Array(value.utf8))
            ]
            var listing = LayerListing(hasContentDigests: false)
            try listing.append(
                LayerItem(action: .entry, entry: file, content: nil), layer: someDigest)
            var tree = ImageTree()
            try tree.apply(listing)
            return tree
        }
        var comparison = FileComparison(
            try tree(500_000_000, "b"), try tree(0, "c"), layers: ([0], [1]), ignoresTime: false)
        try comparison.run()
        let difference = try #require(comparison.differences.first)
        #expect(difference.aspects == ["time", "xattr"])
        func text(_ key: String) -> [String] {
            [difference.first, difference.second].map { side in
                guard let value = side?.object?.members.first(where: { $0.key.text == key })
                else { return "-" }
                return String(decoding: value.value.serialized(), as: UTF8.self)
            }
        }
        #expect(text("time") == ["1.5", "1"])
        #expect(text("xattrs") == [#"{"user.a":"Yg=="}"#, #"{"user.a":"Yw=="}"#])
    }
}

@Suite struct StableSortTests {
    @Test func equalKeysKeepTheirOrder() {
        let words = ["b2", "a3", "b1", "a1", "a2"]
        #expect(
            words.stablySorted { Array($0.utf8.prefix(1)) } == ["a3", "a1", "a2", "b2", "b1"])
    }
}

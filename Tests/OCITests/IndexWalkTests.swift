import JSON
import Testing

@testable import OCI

@Suite struct IndexWalkTests {
    private func index(_ characters: [Character]) throws -> Index {
        Index(manifests: try characters.map { try descriptor(.manifest, $0) })
    }

    @Test func eachDigestIsMetOnce() throws {
        var walk = IndexWalk()
        let first = try walk.newEntries(of: index(["a", "b", "a"]), depth: 0)
        #expect(first.map(\.digest) == [try digest("a"), try digest("b")])
        let second = try walk.newEntries(of: index(["b", "c"]), depth: 1)
        #expect(second.map(\.digest) == [try digest("c")])
        #expect(throws: JSONError.self) { try walk.newEntries(of: index([]), depth: 8) }
    }

    /// Blobs in an index, as BuildKit's cache has them, do not stop it.
    @Test func theBytesOfManifestsHaveALimit() throws {
        let size = DocumentLimit.indexByteCount
        func entries(_ type: MediaType) throws -> Index {
            try Index(
                field(
                    #"{"schemaVersion":2,"manifests":["#
                        + descriptorText(type, "a", size: size) + ","
                        + descriptorText(type, "b", size: 1) + "]}"))
        }
        var walk = IndexWalk()
        #expect(try walk.newEntries(of: entries(.layer), depth: 0).count == 2)
        walk = IndexWalk()
        #expect(throws: JSONError.self) { try walk.newEntries(of: entries(.manifest), depth: 0) }
    }

    @Test func theNumberOfManifestsHasALimit() throws {
        let entries = (0...DocumentLimit.indexEntryCount).map { number in
            let digits = String(number, radix: 16)
            let zeros = String(repeating: "0", count: 64 - digits.count)
            return #"{"mediaType":"a/b","digest":"sha256:\#(zeros)\#(digits)","size":1}"#
        }
        let whole = try Index(
            field(#"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#))
        let allowed = try Index(
            field(
                #"{"schemaVersion":2,"manifests":[\#(entries.dropLast().joined(separator: ","))]}"#)
        )
        var walk = IndexWalk()
        #expect(try walk.newEntries(of: allowed, depth: 0).count == DocumentLimit.indexEntryCount)
        walk = IndexWalk()
        #expect(throws: JSONError.self) { try walk.newEntries(of: whole, depth: 0) }
    }
}

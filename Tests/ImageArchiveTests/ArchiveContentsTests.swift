import ByteStream
import Hashing
import OCI
import TestSupport
import Testing

@testable import ImageArchive

@Suite struct ArchiveContentsTests {
    private let target = MemoryWriter()

    private func contents(_ members: [Member], keepsFaults: Bool = false) throws -> ArchiveContents
    {
        try withInput(tar(members)) {
            try ArchiveContents($0, to: target, keepsFaults: keepsFaults)
        }
    }

    private func document(_ path: String, _ members: [Member]) throws -> String? {
        try contents(members).document(Array(path.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A tar and a document may spell a path differently.
    @Test(arguments: [
        "manifest.json", "./manifest.json", "a/../manifest.json", "a//./b/../../manifest.json",
    ])
    func pathsAreCleaned(_ path: String) throws {
        #expect(try document("manifest.json", [.file(path, "[]")]) == "[]")
        #expect(try document(path, [.file("manifest.json", "[]")]) == "[]")
    }

    @Test(arguments: [
        [Member.file("../x", "{}")], [.file("a/../../x", "{}")],
        [.link("a/b", to: "../../x")], [.link("b", to: "../x", kind: .hardLink)],
        [.file("x", "{}"), .file("./x", "{}")], [.file("x", ""), .link("x", to: "y")],
    ])
    func badPathsAreRefused(_ members: [Member]) {
        #expect {
            try contents(members)
        } throws: {
            if case ArchiveError.badPath? = $0 as? ArchiveError { true } else { false }
        }
    }

    @Test func linksAreFollowed() throws {
        let members: [Member] = [
            .file("d/file", "{}"), .link("d/near", to: "file"), .link("far", to: "d/near"),
            .link("hard", to: "far", kind: .hardLink), .link("one", to: "two"),
            .link("two", to: "one"),
        ]
        for path in ["d/near", "far", "hard"] { #expect(try document(path, members) == "{}") }
        #expect(try document("one", members) == nil)
        #expect(try !contents(members).hasFile(Array("one".utf8)))
    }

    /// A file under the path of a digest is never stored or read under another one.
    @Test(arguments: ["{}", "bytes that are no document"])
    func blobsAreVerified(_ text: String) throws {
        let right = Digest.of(Array(text.utf8))
        let wrong = Digest.of([1])
        func member(_ digest: Digest) -> Member {
            .file(String(decoding: ArchiveContents.path(of: digest), as: UTF8.self), text)
        }
        let found = try contents([member(right)])
        #expect(found.hasFile(ArchiveContents.path(of: right)))
        #expect(throws: VerificationError.self) { try contents([member(wrong)]) }
        let faulty = try contents([member(wrong), member(right)], keepsFaults: true)
        #expect(faulty.faults.map(\.path) == [Path(ArchiveContents.path(of: wrong))])
        #expect(faulty.hasFile(ArchiveContents.path(of: right)))
        #expect(target.digests.allSatisfy { $0 == right })
    }

    /// A document is verified under the digest that names it, whichever path leads there.
    @Test func linkedDocumentsAreVerified() throws {
        let digest = Digest.of(Array("{}".utf8))
        let path = String(decoding: ArchiveContents.path(of: digest), as: UTF8.self)
        func read(_ text: String) throws -> [UInt8]? {
            try contents([.file("other", text), .link(path, to: "../../other")])
                .document(Descriptor(mediaType: .config, digest: digest, size: 2))
        }
        #expect(try read("{}") == Array("{}".utf8))
        #expect(throws: VerificationError.self) { try read("[]") }
    }

    @Test func layersAreStored() throws {
        let layer = tar([.file("etc/passwd", "root")])
        let found = try contents([.file("abc/layer.tar", layer), .file("empty", "")])
        let blob = try #require(found.blob(Array("abc/layer.tar".utf8)))
        #expect(blob.diffID == .of(layer))
        #expect(blob.descriptor.mediaType == .layer)
        #expect(found.blobSize(.of(layer)) == Int64(layer.count))
        #expect(found.isEmptyFile(Array("empty".utf8)))
        #expect(target.digests == [.of(layer)])
    }

    @Test func otherCompressionsAreNamed() throws {
        for (magic, command) in [
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz -dc"), (Array("BZh9".utf8), "bzip2 -dc"),
            ([0x04, 0x22, 0x4D, 0x18], "lz4 -dc"),
        ] as [([UInt8], String)] {
            let error = #expect(throws: ArchiveError.self) {
                try withInput(magic + [UInt8](repeating: 7, count: 600)) {
                    try ArchiveContents($0, to: target)
                }
            }
            #expect(error?.message.contains("'\(command)'") == true)
        }
    }

    @Test func truncatedArchivesAreRefused() throws {
        let whole = tar([.file("manifest.json", "[]"), .file("x", "text")])
        for count in [1, 511, 700, 1024, 1100, 1536] {
            #expect(throws: ArchiveError.self, "\(count)") {
                try withInput(Array(whole[..<count])) { try ArchiveContents($0, to: target) }
            }
        }
    }
}

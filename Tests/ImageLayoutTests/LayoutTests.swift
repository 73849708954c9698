import ByteStream
import Glibc
import Hashing
import JSON
import OCI
import TestSupport
import Testing

@testable import ImageLayout

private func manifest(_ text: String) -> RawManifest {
    let bytes = Array(text.utf8)
    return RawManifest(bytes: bytes, mediaType: .manifest)
}

private let one = manifest(#"{"schemaVersion":2,"config":1}"#)
private let two = manifest(#"{"schemaVersion":2,"config":2}"#)

/// Bytes of undeclared length, which break off with `error` if it is set.
private final class Stream: BlobSource {
    struct Broken: Error {}

    private let hashing: HashingSource
    private let breaks: Bool

    init(_ bytes: [UInt8], breaks: Bool = false) {
        hashing = HashingSource(MemorySource(bytes))
        self.breaks = breaks
    }

    var announced: BlobIdentity? { nil }
    var identity: BlobIdentity { hashing.identity }
    func rewind() -> Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try hashing.read(into: buffer)
        if count == 0 && breaks { throw Broken() }
        return count
    }
}

@Suite struct LayoutTests {
    let directory: TemporaryDirectory
    var layout: LayoutRepository { LayoutRepository(directory: directory.path.appending("l")) }

    init() throws {
        directory = try TemporaryDirectory()
    }

    // MARK: Making one

    @Test func firstWriteMakesALayout() throws {
        let identity = try layout.writeBlob(MemoryBlob(Array("blob".utf8)))
        #expect(
            try directory.files() == [
                "l/blobs/sha256/\(identity.digest.encoded)", "l/index.json", "l/oci-layout",
            ])
        #expect(
            try directory.read("l/oci-layout") == Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        let index = try Index(JSONField(JSON.parse(directory.read("l/index.json"))))
        #expect(index.manifests.isEmpty)
    }

    @Test func parentsAreMade() throws {
        let inner = LayoutRepository(directory: directory.path.appending("a/b/c"))
        try inner.publish(one, tag: "x")
        #expect(try inner.tags() == ["x"])
    }

    /// Several names at once are as the same names one after the other.
    @Test(arguments: [
        "1x 2y 1z", "1x 2x", "1 1x", "1x 1", "1a 2a 1", "2 2", "2b 1b 2a 2b", "1d 2e 1e",
    ])
    func severalNamesAtOnce(_ names: String) throws {
        let other = LayoutRepository(directory: directory.path.appending("other"))
        for place in [layout, other] {
            for (manifest, tag) in [(one, "a"), (two, "b"), (two, nil), (one, "c")] {
                try place.publish(manifest, tag: tag)
            }
        }
        let manifests = names.split(separator: " ").map { name in
            Publication(
                name.first == "1" ? one : two,
                tag: name.count > 1 ? String(name.dropFirst()) : nil)
        }
        for one in manifests { try layout.publish([one]) }
        #expect(try other.publish(manifests) == manifests.map { _ in nil })
        #expect(try directory.read("l/index.json") == directory.read("other/index.json"))
    }

    @Test func emptyDirectoryBecomesALayout() throws {
        #expect(layout.directory.withCString { mkdir($0, 0o755) } == 0)
        #expect(try layout.manifestDigest(.tag("x")) == nil)
        try layout.publish(one, tag: "x")
        #expect(try layout.tags() == ["x"])
    }

    @Test func otherDirectoriesAreRefused() throws {
        try directory.write("precious", to: "file")
        let occupied = LayoutRepository(directory: directory.path)
        #expect(throws: LayoutError.self) { try occupied.publish(one, tag: "x") }
        #expect(throws: LayoutError.self) { try occupied.manifest(.tag("x")) }
        #expect(try directory.files() == ["file"])
    }

    @Test(arguments: [
        #"{"imageLayoutVersion":"2.0.0"}"#, #"{"imageLayoutVersion":1.0.0}"#,
        #"{"imageLayoutVersion":1}"#, #"{"imageLayoutVersion":null}"#, "{}", "",
    ])
    func otherVersionsAreRefused(_ document: String) throws {
        try layout.publish(one, tag: "x")
        try directory.write(document, to: "l/oci-layout")
        #expect(throws: LayoutError.self) { try layout.manifest(.tag("x")) }
        #expect(throws: LayoutError.self) { try layout.publish(two, tag: "y") }
    }

    @Test func layoutCutOffWhileItWasMadeIsCompleted() throws {
        try layout.publish(one, tag: "x")
        #expect(layout.directory.appending("index.json").withCString { unlink($0) } == 0)
        #expect(throws: LayoutError.self) { try layout.tags() }
        try layout.publish(one, tag: "x")
        #expect(try layout.tags() == ["x"])
    }

    @Test func missingDirectoryHasNothing() throws {
        #expect(try layout.manifest(.tag("x")) == nil)
        #expect(try layout.hasBlob(one.digest) == false)
        #expect(throws: StreamError.self) { try layout.onlyManifest() }
        #expect(throws: StreamError.self) { try layout.tags() }
    }

    // MARK: Blobs

    @Test func brokenSourceLeavesNothing() throws {
        _ = try layout.writeBlob(MemoryBlob([]))
        let before = try directory.files()
        #expect(throws: Stream.Broken.self) {
            try layout.writeBlob(Stream(Array(repeating: 1, count: 3 << 20), breaks: true))
        }
        #expect(try directory.files() == before)
    }

    @Test func blobsAreReadBackChecked() throws {
        let bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let identity = try layout.writeBlob(Stream(bytes))
        #expect(identity == BlobIdentity(digest: .of(bytes), size: Int64(bytes.count)))
        let descriptor = Descriptor(
            mediaType: .octetStream, digest: identity.digest, size: identity.size)
        let sink = MemorySink(limit: bytes.count, subject: "blob")
        try layout.readBlob(descriptor, into: sink)
        #expect(sink.bytes == bytes)

        let path = layout.blobPath(identity.digest)
        try directory.write("other", to: Path("l/blobs/sha256/\(path.name)"))
        #expect(throws: VerificationError.self) {
            try layout.readBlob(descriptor, into: MemorySink(limit: 1 << 30, subject: "blob"))
        }
    }

    @Test(arguments: [[], [1, 2, 3]] as [[UInt8]])
    func smallAndEmptyBlobs(_ bytes: [UInt8]) throws {
        let identity = try layout.writeBlob(Stream(bytes))
        #expect(try layout.blobSize(identity.digest) == Int64(bytes.count))
        #expect(try layout.writeBlob(MemoryBlob(bytes)) == identity)
    }

    @Test func sha512HasItsOwnDirectory() throws {
        let identity = try layout.writeBlob(MemoryBlob([1], algorithm: .sha512))
        #expect(identity.digest.algorithm == .sha512)
        #expect(try directory.files().contains("l/blobs/sha512/\(identity.digest.encoded)"))
        #expect(try layout.hasBlob(identity.digest))
    }

    @Test func presentBlobIsLeftAlone() throws {
        let blob = MemoryBlob(Array("blob".utf8))
        let path = layout.blobPath(try layout.writeBlob(blob).digest)
        func inode() -> UInt {
            var status = stat()
            return path.withCString { stat($0, &status) } == 0 ? UInt(status.st_ino) : 0
        }
        let before = inode()
        _ = try layout.writeBlob(MemoryBlob(Array("blob".utf8)))
        _ = try layout.writeBlob(Stream(Array("blob".utf8)))
        #expect(inode() == before)
    }

    /// A truncated blob, and one with other bytes of the same size, do not match their name.
    @Test(arguments: ["bl", "blub", ""], [true, false])
    func damagedBlobIsReplaced(damaged: String, isInMemory: Bool) throws {
        let bytes = Array("blob".utf8)
        let blob = MemoryBlob(bytes)
        let name = Path("l/blobs/sha256/\(try layout.writeBlob(blob).digest.encoded)")
        try directory.write(damaged, to: name)
        _ = try layout.writeBlob(isInMemory ? MemoryBlob(bytes) : Stream(bytes))
        #expect(try directory.read(name) == bytes)
    }

    @Test func linkedBlobIsOneFile() throws {
        let identity = try layout.writeBlob(MemoryBlob(Array("blob".utf8)))
        let descriptor = Descriptor(
            mediaType: .octetStream, digest: identity.digest, size: identity.size)
        let other = LayoutRepository(directory: directory.path.appending("m"))
        #expect(try other.linkBlob(descriptor, from: layout))
        var status = stat()
        #expect(other.blobPath(identity.digest).withCString { stat($0, &status) } == 0)
        #expect(status.st_nlink == 2)
    }

    @Test func corruptBlobIsNotLinked() throws {
        let identity = try layout.writeBlob(MemoryBlob(Array("blob".utf8)))
        try directory.write("blub", to: Path("l/blobs/sha256/\(identity.digest.encoded)"))
        let descriptor = Descriptor(
            mediaType: .octetStream, digest: identity.digest, size: identity.size)
        let other = LayoutRepository(directory: directory.path.appending("m"))
        #expect(throws: VerificationError.self) { try other.linkBlob(descriptor, from: layout) }
        #expect(try other.hasBlob(identity.digest) == false)
    }

    // MARK: Manifests and tags

    @Test func manifestsAreFoundByTagAndDigest() throws {
        try layout.publish(one, tag: "x")
        #expect(try layout.manifest(.tag("x")) == one)
        #expect(try layout.manifest(.digest(one.digest)) == one)
        #expect(try layout.manifestDigest(.tag("x")) == one.digest)
        #expect(try layout.manifest(.tag("y")) == nil)
        #expect(try layout.manifest(.digest(two.digest)) == nil)
    }

    @Test func corruptManifestIsRefused() throws {
        try layout.publish(one, tag: "x")
        try directory.write("{}", to: Path("l/blobs/sha256/\(one.digest.encoded)"))
        #expect(throws: VerificationError.self) { try layout.manifest(.tag("x")) }
        #expect(throws: VerificationError.self) { try layout.manifest(.digest(one.digest)) }
    }

    @Test func tagMovesAndStandsOnce() throws {
        try layout.publish(one, tag: "x")
        try layout.publish(two, tag: "y")
        try layout.publish(two, tag: "x")
        #expect(try layout.tags() == ["x", "y"])
        #expect(try layout.manifestDigest(.tag("x")) == two.digest)
    }

    @Test func checkThatThrowsLeavesTheTag() throws {
        struct Refused: Error {}
        try layout.publish(one, tag: "x")
        #expect(throws: Refused.self) {
            try layout.publish(two, tag: "x") { actual in
                #expect(actual == one.digest)
                throw Refused()
            }
        }
        #expect(try layout.manifestDigest(.tag("x")) == one.digest)
    }

    @Test func withoutTagTheOnlyImageIsMeant() throws {
        try layout.publish(one, tag: nil)
        try layout.publish(one, tag: nil)
        #expect(try layout.onlyManifest() == one)
        try layout.publish(one, tag: "x")
        #expect(try layout.onlyManifest() == one)
        try layout.publish(two, tag: "y")
        do {
            _ = try layout.onlyManifest()
            Issue.record("several images and no error")
        } catch let error as LayoutError {
            #expect(error.message.contains("'x', 'y' or a digest"))
            #expect(error.exitStatus == .usage)
        }
    }

    @Test func childrenAreNotListed() throws {
        try layout.publish(one, tag: "x")
        try layout.putManifest(two, tag: nil)
        #expect(try layout.onlyManifest() == one)
        #expect(try layout.manifest(.digest(two.digest))?.bytes == two.bytes)
    }

    @Test func whatOthersWroteStays() throws {
        _ = try layout.writeBlob(MemoryBlob([]))
        let foreign =
            #"{"mediaType":"application/xml","size":5,"digest":"sha384:00","x":1.0,"annotations":{"org.opencontainers.image.ref.name":"z","k":"\u0041"}}"#
        try directory.write(
            #"{"y":[1e3], "manifests": ["# + foreign + #", 7],"schemaVersion":2}"#,
            to: "l/index.json")
        try layout.publish(one, tag: "x")
        try layout.publish(two, tag: "x")
        let entry =
            #"{"mediaType":"\#(MediaType.manifest)","digest":"\#(two.digest)","size":\#(two.bytes.count),"annotations":{"org.opencontainers.image.ref.name":"x"}}"#
        #expect(
            try String(decoding: directory.read("l/index.json"), as: UTF8.self)
                == #"{"y":[1e3],"manifests":["# + foreign + ",7," + entry + #"],"schemaVersion":2}"#
        )
        #expect(try layout.tags() == ["z", "x"])
        #expect(try layout.manifest(.tag("x")) == two)
        #expect(throws: LayoutError.self) { try layout.manifest(.tag("z")) }
    }

    @Test func sameTagTwiceIsAmbiguousUnlessEqual() throws {
        try layout.publish(one, tag: "x")
        try layout.publish(two, tag: "y")
        let index = try String(decoding: directory.read("l/index.json"), as: UTF8.self)
        let parts = index.split(separator: #""y""#)
        try directory.write(parts.joined(separator: #""x""#), to: "l/index.json")
        #expect(throws: LayoutError.self) { try layout.manifest(.tag("x")) }
        try layout.publish(two, tag: "x")
        #expect(try layout.manifest(.tag("x")) == two)
        #expect(try layout.onlyManifest() == two)
    }

    @Test(arguments: [
        "", "[]", "{", #"{"schemaVersion":2,"schemaVersion":2}"#, #"{"schemaVersion":3}"#,
        #"{"schemaVersion":2,"manifests":{}}"#,
    ])
    func malformedIndexIsRefusedAndKept(_ text: String) throws {
        try layout.publish(one, tag: "x")
        try directory.write(text, to: "l/index.json")
        #expect(throws: LayoutError.self) { try layout.manifest(.tag("x")) }
        #expect(throws: LayoutError.self) { try layout.publish(two, tag: "y") }
        #expect(try directory.read("l/index.json") == Array(text.utf8))
    }

    @Test func referrersAreNoImagesBesideOne() throws {
        let sbom = artifact("text/sbom", of: one)
        let signature = artifact("text/signature", of: sbom)
        try layout.publish(sbom, tag: nil)
        #expect(try layout.onlyManifest() == sbom)
        try layout.publish(signature, tag: "s")
        #expect(throws: LayoutError.self) { try layout.onlyManifest() }
        try layout.publish(one, tag: nil)
        #expect(try layout.onlyManifest() == one)
        try layout.publish(one, tag: "x")
        #expect(try layout.onlyManifest() == one)
        try layout.publish(two, tag: nil)
        #expect(throws: LayoutError.self) { try layout.onlyManifest() }
    }

    private var empty: Descriptor {
        Descriptor(mediaType: .empty, digest: .of(Array("{}".utf8)), size: 2)
    }

    private func artifact(_ type: String, of subject: RawManifest) -> RawManifest {
        var document = Manifest(config: empty).document
        document["artifactType"] = .string(type)
        document["subject"] = .object(subject.descriptor.document)
        return manifest(String(decoding: document.serialized(), as: UTF8.self))
    }

    @Test func referrersAreFoundByTheirSubject() throws {
        let base = manifest(
            String(decoding: Manifest(config: empty).document.serialized(), as: UTF8.self))
        let sbom = artifact("text/sbom", of: base)
        try layout.publish(base, tag: "x")
        try layout.publish(sbom, tag: nil)
        try layout.publish(artifact("text/signature", of: base), tag: nil)
        try layout.publish(artifact("text/sbom", of: sbom), tag: nil)
        #expect(try layout.referrers(of: base.digest, artifactType: nil)?.manifests.count == 2)
        let sboms = try layout.referrers(of: base.digest, artifactType: "text/sbom")
        #expect(sboms?.manifests.map(\.digest) == [sbom.digest])
        #expect(sboms?.manifests.first?.document["artifactType"] == .string("text/sbom"))
    }
}

import ByteStream
import Hashing
import JSON
import OCI
import Testing

@testable import Registry

/// Bytes that do not compress, the same for the same seed.
func pseudoRandomBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            buffer[index] = UInt8(truncatingIfNeeded: state >> 24)
        }
        initialized = count
    }
}

final class MemorySink: ByteSink {
    var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
}

func emptyManifest() -> RawManifest {
    let config = Descriptor(mediaType: .empty, digest: .of(Array("{}".utf8)), size: 2)
    let bytes = Manifest(config: config).document.serialized()
    return RawManifest(bytes: bytes, mediaType: .manifest)
}

@Suite(.serialized) struct DockerRegistryTests {
    static let sizes = [0, 1, 2, 5000, 16 << 20, (16 << 20) + 1, 70 << 20]

    @Test(arguments: sizes) func blobOfUnknownLength(_ size: Int) throws {
        let registry = try DockerRegistry()
        let repository = try registry.repository("a/b")
        let bytes = pseudoRandomBytes(size)
        let source = HashingSource(MemorySource(bytes))
        let identity = try repository.writeBlob(source, mountFrom: [])
        #expect(identity == BlobIdentity(digest: .of(bytes), size: Int64(size)))
        #expect(try repository.hasBlob(identity.digest))
        let sink = MemorySink()
        try repository.readBlob(
            Descriptor(mediaType: .octetStream, digest: identity.digest, size: identity.size),
            into: sink)
        #expect(sink.bytes == bytes)
    }

    @Test func announcedBlobAndMount() throws {
        let registry = try DockerRegistry()
        let client = try registry.client()
        let first = try registry.repository("a/b", client)
        let bytes = pseudoRandomBytes(20 << 20)
        let identity = try first.writeBlob(MemoryBlob(bytes), mountFrom: [])
        let second = try registry.repository("c/d", client)
        #expect(try !second.hasBlob(identity.digest))
        guard case .mounted = try second.tryMount(identity, from: "a/b") else {
            Issue.record("not mounted")
            return
        }
        #expect(try second.hasBlob(identity.digest))
        let third = try registry.repository("e/f", client)
        let stored = try third.writeBlob(MemoryBlob(bytes), mountFrom: ["no/such", "a/b"])
        #expect(stored == identity)
    }

    /// This registry cancels an upload only by the Location of its last answer.
    @Test func cutSourceLeavesNoUpload() throws {
        let registry = try DockerRegistry()
        #expect(throws: StreamSource.Cut.self) {
            try registry.repository("a/b").writeBlob(
                StreamSource(pseudoRandomBytes(40 << 20), isCut: true), mountFrom: [])
        }
        let uploads = try run(["find", "\(registry.directory.path)/data", "-name", "startedat"])
        #expect(uploads.isEmpty)
    }

    @Test func chunks() throws {
        let registry = try DockerRegistry()
        let client = try registry.client { $0.chunkSize = 6 << 20 }
        let repository = try registry.repository("a/b", client)
        let bytes = pseudoRandomBytes(40 << 20)
        let identity = try repository.writeBlob(
            HashingSource(MemorySource(bytes)), mountFrom: [])
        #expect(identity.digest == .of(bytes))
        #expect(try repository.hasBlob(identity.digest))
    }

    @Test func manifestAndTags() throws {
        let registry = try DockerRegistry()
        let repository = try registry.repository("a/b")
        #expect(try repository.manifest(.tag("latest")) == nil)
        #expect(try repository.manifestDigest(.tag("latest")) == nil)
        _ = try repository.writeBlob(MemoryBlob(Array("{}".utf8)), mountFrom: [])
        let manifest = emptyManifest()
        for tag in ["one", "two", "three"] { try repository.putManifest(manifest, tag: tag) }
        #expect(try repository.manifest(.tag("one")) == manifest)
        #expect(try repository.manifest(.digest(manifest.digest)) == manifest)
        #expect(try repository.manifestDigest(.tag("two")) == manifest.digest)
        #expect(try Set(repository.tags()) == ["one", "two", "three"])
        #expect(try repository.referrers(of: manifest.digest, artifactType: nil) == nil)
        #expect(try repository.deleteManifest(manifest.digest))
        #expect(try repository.manifest(.tag("one")) == nil)
        #expect(throws: RegistryError.self) {
            try registry.repository("no/such").tags()
        }
    }
}

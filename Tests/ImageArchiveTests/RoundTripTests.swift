import ByteStream
import Hashing
import ImageStore
import JSON
import OCI
import Registry
import TestSupport
import Testing

@testable import ImageArchive

/// Images of layouts, written as an archive and loaded again.
@Suite struct RoundTripTests {
    private let directory: TemporaryDirectory
    private let store = ImageStore(RegistryOptions())

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func reference(_ text: String) throws -> Reference {
        try Reference("oci:\(directory.path)/\(text)")
    }

    /// Stores an image with a layer of its own.
    private func pushImage(_ name: String) throws -> ImageCollection {
        let layer = tar([.file(name, name)])
        let repository = try store.repository(for: reference("source"))
        _ = try repository.writeBlob(MemoryBlob(layer), mountFrom: [])
        var config = ImageConfig(platform: .current)
        config.append(layers: [(.of(layer), JSONObject())])
        var manifest = Manifest(
            config: Descriptor(
                mediaType: .config, digest: .of(config.bytes), size: Int64(config.bytes.count)))
        manifest.setLayers([
            Descriptor(mediaType: .layer, digest: .of(layer), size: Int64(layer.count))
        ])
        let content = try PushContent(
            images: [Image(manifest: manifest, configBytes: config.bytes)], asIndex: false,
            annotations: [])
        return try store.collect(content, sources: [reference("source")], companionsAt: nil)
    }

    private func archive(
        _ collections: [ImageCollection], _ names: [String]
    ) throws -> [UInt8] {
        let images = try ArchiveWriter.images(
            collections, names: names.map { try RegistryReference($0) })
        return try bytesWritten { try ArchiveWriter(store, to: $0).write(images) }
    }

    private func load(
        _ archive: [UInt8], to name: String, tag: String? = nil, image: String? = nil
    ) throws -> [Descriptor] {
        try withInput(archive) {
            try ArchiveLoader(
                to: store.repository(for: reference(name)), of: store, tag: tag, imageName: image
            ) { _ in }.load($0)
        }
    }

    @Test func severalImages() throws {
        let images = [try pushImage("one"), try pushImage("two")]
        let bytes = try archive(images, ["example/one:1", "example/two:2"])
        #expect(try archive(images, ["example/one:1", "example/two:2"]) == bytes)
        let loaded = try load(bytes, to: "all")
        #expect(loaded.map(\.digest) == images.map(\.root.digest))
        let repository = try store.repository(for: reference("all"))
        #expect(try repository.tags().sorted() == ["1", "2"])
        #expect(try repository.manifestDigest(.tag("2")) == images[1].root.digest)
        for blob in images.flatMap(\.blobs) {
            #expect(try repository.hasBlob(blob.descriptor.digest))
        }
    }

    @Test func oneOfSeveral() throws {
        let images = [try pushImage("one"), try pushImage("two")]
        let bytes = try archive(images, ["example/one:1", "example/two:2"])
        let loaded = try load(bytes, to: "chosen", tag: "mine", image: "docker.io/example/two:2")
        #expect(loaded.map(\.digest) == [images[1].root.digest])
        #expect(try store.repository(for: reference("chosen")).tags() == ["mine"])
        #expect(throws: ArchiveError.self) { try load(bytes, to: "none", image: "example/two:3") }
        #expect(throws: ArchiveError.self) { try load(bytes, to: "none", tag: "mine") }
    }

    /// An image that is named twice is written once, with both names.
    @Test func namesOfImages() throws {
        let image = try pushImage("one")
        let twice = try ArchiveWriter.images(
            [image, image], names: [RegistryReference("a:1"), RegistryReference("b:2")])
        #expect(twice.map(\.names.count) == [2])
        let other = try pushImage("two")
        #expect(throws: ArchiveError.self) {
            try ArchiveWriter.images([image, other], names: [RegistryReference("a:1")])
        }
    }

    /// A truncated archive changes no name, wherever it is cut.
    @Test func truncatedArchives() throws {
        let bytes = try archive([pushImage("one")], ["example/one:1"])
        for count in stride(from: 0, to: bytes.count - 1024, by: 499) {
            #expect(throws: (any Error).self, "\(count)") {
                try load(Array(bytes[..<count]), to: "cut")
            }
        }
        let repository = try store.repository(for: reference("cut"))
        #expect((try? repository.tags()) ?? [] == [])
    }
}

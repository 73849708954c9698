import ByteStream
import Glibc
import Hashing
import ImageLayout
import ImageStore
import JSON
import Layer
import OCI
import Registry
import Tar
import TestSupport
import Testing

@testable import ImageTree

/// A tar with one file.
private func tar(_ content: String) throws -> [UInt8] {
    try bytesWritten { output in
        let writer = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
        let data = Array(content.utf8)
        try writer.writeHeader(
            TarEntry(kind: .file, path: Array("f".utf8), mode: 0o644, size: UInt64(data.count)))
        try data.withRawBytes { (bytes) throws(StreamError) in try output.append(bytes) }
        try output.appendZeros(tarPadding(after: UInt64(data.count)))
        try writer.finish()
    }
}

/// The contents of an image are read after its listings, and the place may give other bytes then.
@Suite struct SecondReadingTests {
    let directory: TemporaryDirectory
    let layout: LayoutRepository
    let image: Image
    let layer: ImageLayer
    let lister: ImageLister

    init() throws {
        directory = try TemporaryDirectory()
        layout = LayoutRepository(directory: directory.path.appending("l"))
        let bytes = try tar("one")
        let identity = try layout.writeBlob(MemoryBlob(bytes))
        var config = ImageConfig(platform: .current)
        config.append(layers: [(identity.digest, JSONObject())])
        var manifest = Manifest(
            config: Descriptor(
                mediaType: .config, digest: .of(config.bytes), size: Int64(config.bytes.count)))
        manifest.setLayers([
            Descriptor(mediaType: .layer, digest: identity.digest, size: identity.size)
        ])
        image = Image(manifest: manifest, configBytes: config.bytes)
        layer = try #require(ImageLayer.all(of: image).first)
        lister = try ImageLister(
            ImageStore(RegistryOptions()), sources: [Reference("oci:\(layout.directory)")],
            cache: nil, provesLater: true)
    }

    private var blob: Path { layout.blobPath(layer.descriptor.digest) }

    private func replaceBlob(_ content: String) throws {
        let file = try AtomicFile(blob)
        try file.write(tar(content))
        try file.commit()
    }

    @Test func sameBytesAreProved() throws {
        _ = try lister.tree(of: image)
        try drain(lister.open(layer, of: image))
        // A link may lead anywhere; it is read whole.
        #expect(blob.withCString { from in "\(blob).real".withCString { rename(from, $0) } } == 0)
        #expect(blob.withCString { to in "\(blob).real".withCString { symlink($0, to) } } == 0)
        try drain(lister.open(layer, of: image))
    }

    @Test func otherBytesAreRefused() throws {
        _ = try lister.tree(of: image)
        try replaceBlob("two")
        #expect(throws: LayerError.self) { try drain(lister.open(layer, of: image)) }
        #expect(throws: LayerError.self) { try lister.proveRest(of: image) }
    }

    @Test func otherSizesAreRefused() throws {
        _ = try lister.tree(of: image)
        try replaceBlob(String(repeating: "x", count: 20_000))
        #expect(throws: VerificationError.self) { try drain(lister.open(layer, of: image)) }
    }

    /// Without a listing of this run, the digest is verified.
    @Test func firstReadingIsVerified() throws {
        try replaceBlob("two")
        #expect(throws: VerificationError.self) { try drain(lister.open(layer, of: image)) }
    }
}

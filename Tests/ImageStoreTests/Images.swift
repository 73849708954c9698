import ByteStream
import Hashing
import ImageLayout
import JSON
import OCI
import Registry
import TestSupport

@testable import ImageStore

/// An image of one layer with the bytes of `layer`.
func image(_ platform: String = "linux/amd64", layer: String? = nil) throws -> Image {
    guard let platform = Platform(platform) else { throw UnknownPlatform() }
    var config = ImageConfig(platform: platform)
    var layers: [Descriptor] = []
    if let layer {
        let bytes = Array(layer.utf8)
        config.append(layers: [(.of(bytes), JSONObject())])
        layers = [
            Descriptor(mediaType: .layer, digest: .of(bytes), size: Int64(bytes.count))
        ]
    }
    let bytes = config.bytes
    var manifest = Manifest(
        config: Descriptor(mediaType: .config, digest: .of(bytes), size: Int64(bytes.count)))
    manifest.setLayers(layers)
    return Image(manifest: manifest, configBytes: bytes)
}

struct UnknownPlatform: Error {}

/// A directory with layouts, and a store that uses them.
struct Layouts {
    let directory: TemporaryDirectory
    let store = ImageStore(RegistryOptions())

    init() throws {
        directory = try TemporaryDirectory()
    }

    func reference(_ text: String) throws -> Reference {
        try Reference("oci:\(directory.path)/\(text)")
    }

    func layout(_ name: String) -> LayoutRepository {
        LayoutRepository(directory: directory.path.appending(Path(name)))
    }

    func put(_ blob: String, in name: String) throws {
        _ = try layout(name).writeBlob(MemoryBlob(Array(blob.utf8)))
    }

    /// Pushes images to `text`; their layers must be there.
    @discardableResult
    func push(
        _ images: [Image], to text: String, asIndex: Bool = false, from sources: [String] = [],
        expecting expectation: TagExpectation? = nil
    ) throws -> Descriptor {
        try store.push(
            PushContent(images: images, asIndex: asIndex, annotations: []),
            to: [reference(text)], sources: sources.map { try reference($0) },
            expecting: expectation)
    }
}

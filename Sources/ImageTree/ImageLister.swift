import ByteStream
import ImageStore
import OCI

/// Lists images: reads the layers whose listings are not known, several at a time, and merges them.
///
/// Nothing is stored but the listings. The same layer of several images is read once.
public final class ImageLister: Sendable {
    private let store: ImageStore
    private let sources: [Reference]
    private let cache: ListingCache?
    private let hashesContent: Bool

    /// - Parameters:
    ///   - sources: where the layers are; without any, where the image says that it came from.
    ///   - cache: where listings are kept; nil keeps none.
    ///   - hashesContent: whether the contents of files get digests, for comparing them.
    public init(
        _ store: ImageStore, sources: [Reference], cache: ListingCache?, hashesContent: Bool = false
    ) {
        self.store = store
        self.sources = sources
        self.cache = cache
        self.hashesContent = hashesContent
    }

    /// The files of an image.
    ///
    /// - Throws: `ImageTreeError`, `TarError` and `LayerError` for what the layers hold; what the
    ///   image's document and the places throw.
    public func tree(of image: Image) throws -> ImageTree {
        var tree = ImageTree()
        for listing in try listings(of: ImageLayer.all(of: image), image) {
            try tree.apply(listing)
        }
        return tree
    }

    /// The listings of some layers of an image, in their order.
    func listings(of layers: [ImageLayer], _ image: Image) throws -> [LayerListing] {
        let places = places(of: image)
        // The largest first, so that no processor is left alone with it at the end.
        var distinct: [Digest: ImageLayer] = [:]
        for layer in layers { distinct[layer.diffID] = layer }
        let work = distinct.values.sorted {
            ($1.descriptor.size, $0.index) < ($0.descriptor.size, $1.index)
        }
        let budget = ListingBudget()
        let results = try concurrently(work) { layer, _ in
            try self.listing(of: layer, in: places, budget)
        }
        let listings = Dictionary(
            uniqueKeysWithValues: zip(work.map(\.diffID), results))
        return layers.compactMap { listings[$0.diffID] }
    }

    /// The tar of a layer, checked as it is read.
    func open(_ layer: ImageLayer, of image: Image) throws -> any ByteSource {
        let blob = try store.openBlob(
            layer.descriptor, subject: layer.subject, in: places(of: image))
        return try layer.descriptor.unpacker(diffID: layer.diffID)
            .open(blob, path: layer.descriptor.layerPath)
    }

    private func places(of image: Image) -> [Reference] {
        sources.isEmpty ? image.manifest.blobSources : sources
    }

    private func listing(
        of layer: ImageLayer, in places: [Reference], _ budget: ListingBudget
    ) throws -> LayerListing {
        if let known = cache?.listing(of: layer.diffID, hasContentDigests: hashesContent) {
            try budget.take(known.items.count)
            store.trace("\(layer.subject) is known")
            return known
        }
        let blob = try store.openBlob(layer.descriptor, subject: layer.subject, in: places)
        let listing = try LayerScan(
            layer: layer.descriptor, diffID: layer.diffID, hashesContent: hashesContent,
            budget: budget
        ).listing(blob)
        cache?.keep(listing, of: layer.diffID)
        return listing
    }
}

/// A layer of an image.
struct ImageLayer: Sendable {
    /// From 0, the lowest.
    let index: Int
    let descriptor: Descriptor
    let diffID: Digest

    /// Its name in messages.
    var subject: String { "layer \(index + 1)" }

    /// - Throws: `EditError` when the image contradicts itself; `JSONError` for its config.
    static func all(of image: Image) throws -> [ImageLayer] {
        let config = try image.config()
        return zip(try image.annotatedLayers(), config.diffIDs).enumerated().map {
            ImageLayer(index: $0, descriptor: $1.0, diffID: $1.1)
        }
    }
}

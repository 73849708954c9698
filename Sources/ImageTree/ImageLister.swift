import ByteStream
import Hashing
import ImageStore
import Layer
import OCI

/// Lists images: reads the layers without a known listing, several at a time, and merges the
/// listings.
///
/// Only listings are stored. A layer of several images is read once.
public final class ImageLister: Sendable {
    let store: ImageStore
    private let sources: [Reference]
    private let cache: ListingCache?
    private let hashesContent: Bool
    /// Layers that were read to their end and verified.
    private let proved = Guarded<Set<ProvedLayer>>([])
    /// The listings of layers whose diffIDs are still to be checked.
    private let unproved = Guarded<[ProvedLayer: LayerListing]>([:])
    private let provesLater: Bool
    /// Tables in memory; nil when tables are not kept.
    private let tables: Guarded<[ListingKey: [UInt8]]>?
    /// Layers whose unusable table was reported.
    let warned = Guarded<Set<Digest>>([])

    /// The maximum number of bytes of tables in memory.
    private static let tableByteLimit = 64 << 20

    /// - Parameters:
    ///   - sources: where the layers are stored; without any, the image's source.
    ///   - cache: the cache of listings; nil for none.
    ///   - hashesContent: whether listings have digests of contents, for comparing files.
    ///   - keepsTables: whether tables of zstd:chunked layers stay in memory, up to 64 MiB, because
    ///     they are needed again to find files.
    ///   - provesLater: whether a layer that is listed is checked against its diffID only when
    ///     `open` reads it again, or by `proveRest`. Its digest is always checked.
    public init(
        _ store: ImageStore, sources: [Reference], cache: ListingCache?,
        hashesContent: Bool = false, keepsTables: Bool = false, provesLater: Bool = false
    ) {
        self.store = store
        self.sources = sources
        self.cache = cache
        self.hashesContent = hashesContent
        self.provesLater = provesLater
        tables = keepsTables ? Guarded([:]) : nil
    }

    /// The files of an image.
    ///
    /// - Throws: `ImageTreeError`, `TarError` and `LayerError` for invalid layers; what the image's
    ///   document and the places throw.
    public func tree(of image: Image) throws -> ImageTree {
        var tree = ImageTree()
        for listing in try listings(of: ImageLayer.all(of: image), image) {
            try tree.apply(listing)
        }
        return tree
    }

    /// The files of an image, and those of its lowest layers.
    func trees(of image: Image, split count: Int) throws -> (lower: ImageTree, whole: ImageTree) {
        let listings = try listings(of: ImageLayer.all(of: image), image)
        var lower = ImageTree()
        for listing in listings.prefix(count) { try lower.apply(listing) }
        var whole = lower
        for listing in listings.dropFirst(count) { try whole.apply(listing) }
        return (lower, whole)
    }

    /// The listings of some layers of an image, in their order.
    func listings(of layers: [ImageLayer], _ image: Image) throws -> [LayerListing] {
        let places = places(of: image)
        // The largest first, so that it is not the last one to finish.
        var distinct: [ListingKey: ImageLayer] = [:]
        for layer in layers { distinct[layer.listingKey] = layer }
        let work = distinct.values.sorted {
            ($1.descriptor.size, $0.index) < ($0.descriptor.size, $1.index)
        }
        let budget = ListingBudget()
        let results = try concurrently(work) { layer, _ in
            try self.listing(of: layer, in: places, budget)
        }
        let listings = Dictionary(
            uniqueKeysWithValues: zip(work.map(\.listingKey), results))
        return layers.compactMap { listings[$0.listingKey] }
    }

    /// The tar of a layer, verified while it is read: against what was not verified when the layer
    /// was listed, or else against its digest.
    func open(_ layer: ImageLayer, of image: Image) throws -> any ByteSource {
        let path = layer.descriptor.layerPath
        let places = places(of: image)
        if unproved.withLock({ $0[ProvedLayer(layer)] != nil }) {
            // The digest was verified. The diffID proves this reading too.
            let blob = try store.openUnverifiedBlob(
                layer.descriptor, subject: layer.subject, in: places)
            return VerifiedTar(
                try DecompressedStream(layer: blob, path: path), diffID: layer.diffID, path: path)
        }
        let blob = try store.openBlob(layer.descriptor, subject: layer.subject, in: places)
        let isProved = proved.withLock { $0.contains(ProvedLayer(layer)) }
        if isProved { return try DecompressedStream(layer: blob, path: path) }
        return try layer.descriptor.unpacker(diffID: layer.diffID).open(blob: blob, path: path)
    }

    func places(of image: Image) -> [Reference] {
        sources.isEmpty ? image.manifest.blobSources : sources
    }

    private func listing(
        of layer: ImageLayer, in places: [Reference], _ budget: ListingBudget
    ) throws -> LayerListing {
        let whole = ListingKey.layer(diffID: layer.tarDigest)
        if let known = known(whole, layer) {
            try budget.spend(known.items.count)
            return known
        }
        if let chunked = chunked(layer, in: places) {
            if let known = known(chunked.key, layer) {
                try budget.spend(known.items.count)
                return known
            }
            if let listing = try listing(of: chunked) {
                try budget.spend(listing.items.count)
                cache?.keep(listing, of: chunked.key)
                return listing
            }
        }
        let blob = try store.openBlob(layer.descriptor, subject: layer.subject, in: places)
        var scan = LayerScan(
            layer: layer.descriptor, diffID: layer.diffID, hashesContent: hashesContent,
            budget: budget)
        scan.checksDiffID = !provesLater
        let listing = try scan.listing(blob)
        unproved.withLock { $0[ProvedLayer(layer)] = listing }
        if !provesLater { noteProof(of: layer) }
        return listing
    }

    /// Records that a listed or opened layer was read to its end, so its listing is valid.
    func noteProof(of layer: ImageLayer) {
        let key = ProvedLayer(layer)
        _ = proved.withLock { $0.insert(key) }
        if let listing = unproved.withLock({ $0.removeValue(forKey: key) }) {
            cache?.keep(listing, of: .layer(diffID: layer.diffID))
        }
    }

    /// Checks the layers of an image that were listed and not read since.
    ///
    /// - Throws: `LayerError` for a layer that does not match its diffID, and what the places
    ///   throw.
    func proveRest(of image: Image) throws {
        for layer in try ImageLayer.all(of: image) {
            guard unproved.withLock({ $0[ProvedLayer(layer)] != nil }) else { continue }
            try drain(open(layer, of: image))
            noteProof(of: layer)
        }
    }

    private func known(_ key: ListingKey, _ layer: ImageLayer) -> LayerListing? {
        guard let known = cache?.listing(of: key, hasContentDigests: hashesContent) else {
            return nil
        }
        store.trace("\(layer.subject) is known")
        return known
    }

    /// Stores a table in memory when tables are kept and the limit allows it.
    func keep(_ table: [UInt8], of key: ListingKey) {
        tables?.withLock { tables in
            let byteCount = tables.values.reduce(0) { $0 + $1.count }
            if byteCount + table.count <= ImageLister.tableByteLimit { tables[key] = table }
        }
    }

    func keptTable(of key: ListingKey) -> [UInt8]? { tables?.withLock { $0[key] } }
}

/// A blob whose diffID was verified.
private struct ProvedLayer: Hashable {
    let digest: Digest
    let diffID: Digest

    init(_ layer: ImageLayer) {
        digest = layer.descriptor.digest
        diffID = layer.diffID
    }
}

/// A tar that is hashed while it is read. It ends only when its digest is the expected one.
private final class VerifiedTar: ByteSource {
    private let tar: any ByteSource
    private let diffID: Digest
    private let path: Path
    private let digest: BackgroundDigest
    private var isVerified = false

    init(_ tar: any ByteSource, diffID: Digest, path: Path) {
        self.tar = tar
        self.diffID = diffID
        self.path = path
        digest = BackgroundDigest(diffID.algorithm)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try tar.read(into: buffer)
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        if count == 0, !buffer.isEmpty, !isVerified {
            let actual = digest.finalize()
            guard actual == diffID else {
                throw LayerError.diffID(path: path, expected: diffID, actual: actual)
            }
            isVerified = true
        }
        return count
    }
}

/// A layer of an image.
struct ImageLayer: Sendable {
    /// The index of the layer, 0 for the lowest.
    let index: Int
    let descriptor: Descriptor
    let diffID: Digest

    /// The digest of its tar as far as the documents prove it: of an uncompressed layer its own,
    /// whatever diffID the config states.
    var tarDigest: Digest {
        let isTar = descriptor.mediaType.layerCompression == LayerCompression.none
        return isTar && descriptor.digest.algorithm == diffID.algorithm
            ? descriptor.digest : diffID
    }

    /// Its name in messages.
    var subject: String { "layer \(index + 1)" }

    /// Layers with the same key have the same listing: layers with one diffID, or, when the listing
    /// comes from a table, with one table.
    var listingKey: ListingKey {
        do throws(TableError) {
            if let location = try TableLocation(descriptor) {
                return .table(location.digest, layer: descriptor.digest)
            }
        } catch {
            // The layer is read whole.
        }
        return .layer(diffID: tarDigest)
    }

    /// - Throws: `EditError` when the image contradicts itself; `JSONError` for its config.
    static func all(of image: Image) throws -> [ImageLayer] {
        let config = try image.config()
        return zip(try image.annotatedLayers(), config.diffIDs).enumerated().map {
            ImageLayer(index: $0, descriptor: $1.0, diffID: $1.1)
        }
    }
}

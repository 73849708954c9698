/// Stored layers, found by the digest of their tar.
public struct KnownLayers: Sendable {
    private var layers: [Digest: Descriptor] = [:]

    public init() {}

    public var isEmpty: Bool { layers.isEmpty }

    /// Adds a layer whose diffID is known: from its annotation, or because it is not compressed. Of
    /// two layers with the same tar, the first is kept. Other blobs, and layers that are never
    /// pushed, are ignored.
    ///
    /// - Parameters:
    ///   - layer: as `oci-layers` writes it, with the diffID in an annotation.
    ///   - mediaTypes: the accepted types, with OCI's types also for Docker's; empty accepts every
    ///     type.
    ///   - onlyChunked: whether only zstd:chunked layers are accepted.
    public mutating func add(
        _ layer: Descriptor, ofTypes mediaTypes: [MediaType], onlyChunked: Bool = false
    ) {
        let mediaType = layer.mediaType.asOCI
        guard let compression = mediaType.layerCompression, !mediaType.isNondistributable,
            mediaTypes.isEmpty || mediaTypes.contains(where: { $0.asOCI == mediaType }),
            !onlyChunked || layer.isChunked,
            let diffID = layer.statedDiffID ?? (compression == .none ? layer.digest : nil),
            layers[diffID] == nil
        else { return }
        var layer = layer
        layer.setMediaType(mediaType)
        layer.embed(nil)
        layer[annotation: Annotation.uncompressed] = diffID.description
        layers[diffID] = layer
    }

    /// The layer whose tar has this digest, with the diffID as an annotation and an OCI type.
    public func layer(diffID: Digest) -> Descriptor? { layers[diffID] }
}

extension Descriptor {
    /// Whether the layer has a table of contents, by its annotations.
    fileprivate var isChunked: Bool {
        mediaType.layerCompression == .zstd
            && [Annotation.chunkedTableDigest, Annotation.chunkedTablePosition].allSatisfy {
                self[annotation: $0] != nil
            }
    }

    /// The diffID in the annotation of a layer; nil without a valid one.
    public var statedDiffID: Digest? {
        self[annotation: Annotation.uncompressed].flatMap(Digest.init)
    }
}

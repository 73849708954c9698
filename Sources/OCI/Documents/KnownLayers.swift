/// Layers that are stored somewhere, found by the tar that each of them is.
public struct KnownLayers: Sendable {
    private var layers: [Digest: Descriptor] = [:]

    public init() {}

    public var isEmpty: Bool { layers.isEmpty }

    /// Adds a layer whose diffID is known: from its annotation, or because it is not compressed. Of two
    /// layers that are the same tar the first stays. What is no layer, or is never pushed, is left out.
    ///
    /// - Parameters:
    ///   - layer: as `oci-layers` writes it, the diffID in an annotation.
    ///   - mediaTypes: the types that count, a Docker type as the OCI type of the same meaning; empty
    ///     for every type.
    ///   - onlyChunked: whether only layers that are zstd:chunked count.
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

    /// The layer that is the tar of this digest, with the diffID as an annotation and of an OCI type.
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

    /// The diffID in the annotation of a layer; nil without one, or for what is no digest.
    public var statedDiffID: Digest? {
        self[annotation: Annotation.uncompressed].flatMap(Digest.init)
    }
}

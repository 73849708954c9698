import JSON

/// A layer to add to an image: its descriptor, its diffID and its history.
public struct LayerAddition: Sendable {
    /// Without the annotation of the diffID.
    public let descriptor: Descriptor
    public let diffID: Digest
    public var history: JSONObject

    /// - Parameters:
    ///   - descriptor: as `oci-push-blob` prints it, with the diffID in an annotation.
    ///   - statedDiffID: the diffID in the option of the user.
    /// - Throws: `EditError` for a blob that is not a layer, a layer without a known diffID, and
    ///   contradicting diffIDs.
    public init(
        _ descriptor: Descriptor, diffID statedDiffID: Digest? = nil, history: JSONObject
    ) throws(EditError) {
        guard let compression = descriptor.mediaType.layerCompression else {
            throw EditError(
                .root.key("mediaType"), "\(descriptor.mediaType) is not the type of a layer")
        }
        var known = compression == .none ? descriptor.digest : nil
        if let annotated = try LayerAddition.annotatedDiffID(of: descriptor) {
            try LayerAddition.agree(annotated, known)
            known = annotated
        }
        if let statedDiffID {
            try LayerAddition.agree(statedDiffID, known)
            known = statedDiffID
        }
        guard let diffID = known else {
            throw EditError(
                .root.key("annotations").key(Annotation.uncompressed),
                "missing, so the diffID is unknown; make the descriptor with oci-digest or "
                    + "oci-push-blob, or give the digest of the uncompressed tar with --diff-id")
        }
        var descriptor = descriptor
        descriptor[annotation: Annotation.uncompressed] = nil
        self.descriptor = descriptor
        self.diffID = diffID
        self.history = history
    }

    private static func annotatedDiffID(of descriptor: Descriptor) throws(EditError) -> Digest? {
        guard let text = descriptor[annotation: Annotation.uncompressed] else { return nil }
        guard let digest = Digest(text) else {
            throw EditError(
                .root.key("annotations").key(Annotation.uncompressed),
                "not a sha256 or sha512 digest")
        }
        return digest
    }

    /// Digests of different algorithms cannot contradict each other.
    private static func agree(_ one: Digest, _ other: Digest?) throws(EditError) {
        guard let other, one.algorithm == other.algorithm, one != other else { return }
        throw EditError(
            .root.key("annotations").key(Annotation.uncompressed),
            "two diffIDs for one layer: \(other) and \(one)")
    }
}

extension Manifest {
    /// Adds layers to an image, the first one lowest, and changes Docker's types to OCI's.
    ///
    /// `Image.append` does this with both parts of an image.
    ///
    /// - Parameter config: the image's config, which gets the diffIDs and the history.
    /// - Throws: `EditError` when the image contradicts itself.
    package mutating func append(
        _ additions: [LayerAddition], to config: inout ImageConfig
    ) throws(EditError) {
        try config.checkLayers(of: self)
        setLayers(layers + additions.map(\.descriptor))
        convertToOCI()
        config.append(layers: additions.map { ($0.diffID, $0.history) })
    }
}

extension Manifest {
    /// Replaces the layers above the lowest `count` by one layer with the same effect.
    ///
    /// - Parameters:
    ///   - count: the number of lowest layers that stay; the image must have more.
    ///   - config: the image's config. Its history entries stay; the last one is for the new layer.
    /// - Throws: `EditError` when the image contradicts itself or has no more layers.
    package mutating func squash(
        above count: Int, into layer: LayerAddition, _ config: inout ImageConfig
    ) throws(EditError) {
        try config.checkLayers(of: self)
        guard count < layers.count else {
            throw EditError(.root.key("layers"), "no layer above those of the image below")
        }
        setLayers(layers.prefix(count) + [layer.descriptor])
        convertToOCI()
        config.squash(above: count, into: layer.diffID)
    }
}

extension ImageConfig {
    fileprivate mutating func squash(above count: Int, into diffID: Digest) {
        var history = fullHistory
        var number = 0
        let last = diffIDs.count
        for index in history.indices where !history[index].isEmptyLayer {
            number += 1
            if number > count, number < last { history[index]["empty_layer"] = .bool(true) }
        }
        setLayers(diffIDs: diffIDs.prefix(count) + [diffID], history: history)
    }
}

extension ImageConfig {
    /// Checks that this is the config of an image whose layers, diffIDs and history agree.
    ///
    /// - Throws: `EditError`.
    public func checkLayers(of manifest: Manifest) throws(EditError) {
        let path = JSONPath.root.key("config").key("data")
        if document["os"] == .string("unknown"), document["architecture"] == .string("unknown") {
            throw EditError(path.key("os"), "unknown: this is an attestation, not an image")
        }
        guard diffIDs.count == manifest.layers.count else {
            throw EditError(
                path.key("rootfs").key("diff_ids"),
                "\(diffIDs.count) diffIDs for \(manifest.layers.count) layers")
        }
        guard layerHistoryCount <= diffIDs.count else {
            throw EditError(
                path.key("history"),
                "\(layerHistoryCount) entries of layers for \(diffIDs.count) layers")
        }
    }
}

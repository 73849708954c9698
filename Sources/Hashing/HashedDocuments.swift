import OCI

extension RawManifest {
    /// A manifest or index of these bytes, whose digest is computed.
    public init(bytes: [UInt8], mediaType: MediaType) {
        self.init(verifiedBytes: bytes, mediaType: mediaType, digest: .of(bytes))
    }
}

extension Image {
    /// Replaces the config; its descriptor gets the digest and size of the new bytes.
    public mutating func setConfig(_ config: ImageConfig) {
        let bytes = config.bytes
        setConfig(bytes, digest: .of(bytes, algorithm: manifest.config.digest.algorithm))
    }

    /// Puts layers on top of the image, the first of them lowest: manifest, diffIDs and history.
    ///
    /// Docker's types become OCI's. What the image came from becomes its base.
    ///
    /// - Parameters:
    ///   - created: when the image is made; nil leaves what the config says.
    ///   - keepsAnnotations: whether annotations that describe the base stay.
    /// - Throws: `EditError` when the image contradicts itself, so that nothing can be put on it;
    ///   nothing is changed then.
    public mutating func append(
        _ layers: [LayerAddition], created: Timestamp? = nil, keepsAnnotations: Bool = false
    ) throws {
        var config = try config()
        var manifest = manifest
        try manifest.append(layers, to: &config)
        manifest.standOnSource(keepsAnnotations: keepsAnnotations)
        if let created { config.setCreated(created) }
        self.manifest = manifest
        setConfig(config)
    }

    /// Replaces the layers above those of another image by one that is the same as all of them.
    ///
    /// - Parameter base: an image whose layers are the lowest of this one.
    /// - Throws: `EditError`; nothing is changed then.
    public mutating func squash(above base: Image, into layer: LayerAddition) throws {
        var config = try config()
        var manifest = manifest
        let lower = try base.config().diffIDs
        guard config.diffIDs.starts(with: lower) else {
            throw EditError(.root.key("layers"), "the lowest are not those of the image below")
        }
        try manifest.squash(above: lower.count, into: layer, &config)
        self.manifest = manifest
        setConfig(config)
    }

    /// Records where the image was fetched from, in annotations that only image lines have.
    ///
    /// - Parameters:
    ///   - source: its name, with the digest of what the name stands for.
    ///   - raw: its manifest as it is stored.
    ///   - entry: the entry of an index by which it was reached.
    ///   - platforms: what there is to choose from in that index.
    public mutating func record(
        source: Reference, raw: RawManifest, entry: Descriptor?, platforms: [Platform]
    ) {
        for key in Annotation.ofLines { manifest[annotation: key] = nil }
        let compact = Digest.of(manifest.storedBytes, algorithm: raw.digest.algorithm)
        manifest[annotation: Annotation.source] = source.description
        manifest[annotation: Annotation.digest] = raw.digest.description
        if compact != raw.digest {
            manifest[annotation: Annotation.compact] = compact.description
        }
        if let entry {
            manifest[annotation: Annotation.entry] = String(
                decoding: entry.document.serialized(), as: UTF8.self)
        }
        if platforms.count > 1 {
            manifest[annotation: Annotation.platforms] =
                platforms.map(\.description).joined(separator: ",")
        }
    }

    /// The digest by which the image's manifest is stored where it was fetched from; nil when the
    /// image was changed since, or does not say.
    ///
    /// The stored bytes may be indented, so what is compared is the manifest without white space.
    public var storedDigest: Digest? {
        guard let digest = manifest.recordedDigest else { return nil }
        let compact = manifest[annotation: Annotation.compact] ?? digest.description
        let actual = Digest.of(manifest.storedBytes, algorithm: digest.algorithm)
        return actual.description == compact ? digest : nil
    }
}

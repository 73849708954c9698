import OCI

extension RawManifest {
    /// A manifest or index with these bytes; computes the digest.
    public init(bytes: [UInt8], mediaType: MediaType) {
        self.init(verifiedBytes: bytes, mediaType: mediaType, digest: .of(bytes))
    }
}

extension Descriptor {
    /// A descriptor of bytes in memory; computes the sha256.
    public init(_ mediaType: MediaType, of bytes: [UInt8]) {
        self.init(mediaType: mediaType, digest: .of(bytes), size: Int64(bytes.count))
    }

    /// The empty document, which stands for a config or blob that an artifact does not have.
    ///
    /// - Spec: image-spec v1.1.1, manifest.md, "Guidance for an Empty Descriptor".
    public static let empty = Descriptor(.empty, of: Artifact.emptyBytes)
}

extension Artifact {
    /// The manifest with a config. The config's type may be the empty type only when the artifact
    /// has a type.
    public func manifest(config: Descriptor = .empty) -> Manifest {
        manifest(config: config, empty: .empty)
    }
}

extension Image {
    /// Replaces the config; its descriptor gets the digest and size of the new bytes.
    public mutating func setConfig(_ config: ImageConfig) {
        let bytes = config.bytes
        setConfig(bytes, digest: .of(bytes, algorithm: manifest.config.digest.algorithm))
    }

    /// Adds layers on top of the image, the first one lowest: manifest, diffIDs and history.
    ///
    /// Docker's types become OCI's. The source of the image becomes its base.
    ///
    /// - Parameters:
    ///   - created: the creation time; nil keeps that of the config.
    ///   - keepsAnnotations: whether annotations that describe the base stay.
    /// - Throws: `EditError` when the image contradicts itself; then nothing is changed.
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

    /// Replaces the layers above those of another image by one layer with the same effect.
    ///
    /// - Parameter base: an image whose layers are the lowest of this one.
    /// - Throws: `EditError`; then nothing is changed.
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
    ///   - source: its reference, with its digest.
    ///   - raw: its stored manifest.
    ///   - entry: the index entry through which it was fetched.
    ///   - platforms: the platforms of that index.
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
            manifest[annotation: Annotation.platforms] = Annotation.list(of: platforms)
        }
    }

    /// The digest of the image's stored manifest; nil when the image was changed since, or does not
    /// record it.
    ///
    /// The stored bytes may be indented, so the manifest is compared without white space.
    public var storedDigest: Digest? {
        guard let digest = manifest.recordedDigest else { return nil }
        let compact = manifest[annotation: Annotation.compact] ?? digest.description
        let actual = Digest.of(manifest.storedBytes, algorithm: digest.algorithm)
        return actual.description == compact ? digest : nil
    }
}

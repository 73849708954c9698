import JSON

extension RawManifest {
    /// The media type that a manifest or index itself states.
    ///
    /// - Throws: `JSONError` when it is neither.
    /// - Spec: image-spec v1.1.1, manifest.md and image-index.md, `mediaType`.
    public static func mediaType(of bytes: [UInt8]) throws(JSONError) -> MediaType {
        let field = JSONField(try JSON.parse(bytes))
        if let type = try field.member("mediaType") { return try MediaType(type) }
        if try field.has("manifests") { return .index }
        if try field.member("fsLayers") != nil { return .dockerSchema1 }
        guard try field.member("config") != nil else {
            throw field.failure("neither a manifest nor an index")
        }
        return .manifest
    }
}

extension Manifest {
    /// The artifact's type: `artifactType`, or the type of its config.
    ///
    /// - Spec: image-spec v1.1.1, manifest.md, Guidelines for Artifact Usage.
    public var artifactType: String {
        document.nonemptyText("artifactType") ?? config.mediaType.rawValue
    }

    /// The descriptor of this manifest in a list of referrers.
    ///
    /// - Parameter descriptor: the descriptor of the stored bytes.
    /// - Throws: never for a manifest that was read successfully.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrer(_ descriptor: Descriptor) throws(JSONError) -> Descriptor {
        try descriptor.listed(
            artifactType: .string(artifactType), annotations: document["annotations"])
    }
}

extension RawManifest {
    /// The descriptor of this manifest or index in a list of referrers.
    ///
    /// - Throws: `JSONError` when it is neither.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrer() throws(JSONError) -> Descriptor {
        guard mediaType.isIndex else { return try manifest().referrer(descriptor) }
        let document = try index().document
        return try descriptor.listed(
            artifactType: document["artifactType"], annotations: document["annotations"])
    }
}

extension Descriptor {
    /// Whether an entry of a list of referrers has a type; nil means any type.
    public func isArtifact(of type: String?) -> Bool {
        type == nil || document["artifactType"] == type.map { JSON.string($0) }
    }

    fileprivate func listed(
        artifactType: JSON?, annotations: JSON?
    ) throws(JSONError) -> Descriptor {
        var document = document
        document["artifactType"] = artifactType
        document["annotations"] = annotations
        return try Descriptor(JSONField(.object(document)))
    }
}

extension Digest {
    /// The tag of the list of a manifest's referrers, for registries without the referrers API.
    ///
    /// - Spec: distribution-spec v1.1, Referrers Tag Schema.
    public var referrersTag: String { "\(algorithm.rawValue)-\(encoded.prefix(64))" }
}

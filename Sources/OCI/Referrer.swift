import JSON

extension RawManifest {
    /// What a manifest or index without a type beside it says that it is.
    ///
    /// - Throws: `JSONError` when it is neither.
    /// - Spec: image-spec v1.1.1, manifest.md and image-index.md, `mediaType`.
    public static func mediaType(of bytes: [UInt8]) throws(JSONError) -> MediaType {
        let field = JSONField(try JSON.parse(bytes))
        if let type = try field.member("mediaType") { return MediaType(try type.string()) }
        if try field.member("manifests") != nil { return .index }
        if try field.member("fsLayers") != nil { return .dockerSchema1 }
        guard try field.member("config") != nil else {
            throw field.failure("neither a manifest nor an index")
        }
        return .manifest
    }
}

extension Manifest {
    /// What kind of artifact it is: `artifactType`, or the type of its config.
    ///
    /// - Spec: image-spec v1.1.1, manifest.md, Guidelines for Artifact Usage.
    public var artifactType: String {
        if case .string(let type) = document["artifactType"] { return type.text }
        return config.mediaType.rawValue
    }

    /// The descriptor by which a list of referrers has this manifest.
    ///
    /// - Parameter descriptor: of the stored bytes.
    /// - Throws: nothing that reading the manifest would not have thrown.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrer(_ descriptor: Descriptor) throws(JSONError) -> Descriptor {
        var document = descriptor.document
        document["artifactType"] = .string(artifactType)
        document["annotations"] = self.document["annotations"]
        return try Descriptor(JSONField(.object(document)))
    }
}

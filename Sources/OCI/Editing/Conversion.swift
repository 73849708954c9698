import JSON

/// The two families of media types of images.
public enum ImageFormat: String, CaseIterable, Sendable {
    case oci
    /// Docker image manifest v2, schema 2.
    case docker
}

extension Manifest {
    /// Changes the types to those of `format`; an image that has these types stays unchanged.
    ///
    /// The types correspond one to one, and config and layers keep their bytes.
    /// - Throws: `EditError` for a type or field that the other format does not have.
    public mutating func convert(to format: ImageFormat) throws(EditError) {
        switch format {
        case .oci:
            try checkDockerOnly()
            convertToOCI()
        case .docker: try convertToDocker()
        }
    }

    /// Changes Docker's types to OCI's, in the manifest, its config and every layer; other types
    /// stay.
    public mutating func convertToOCI() {
        setMediaTypes(
            .manifest, config: config.mediaType.asOCI, layers: layers.map(\.mediaType.asOCI))
    }

    private mutating func convertToDocker() throws(EditError) {
        guard config.mediaType.isImageConfig else {
            throw EditError(
                .root.key("config").key("mediaType"),
                "this is an artifact, not an image: \(config.mediaType)")
        }
        var types: [MediaType] = []
        var layers: [Descriptor] = []
        for (index, layer) in self.layers.enumerated() {
            let path = JSONPath.root.key("layers").index(index)
            guard let type = layer.mediaType.asDocker else {
                let reason =
                    layer.mediaType.layerCompression == .zstd
                    ? "Docker's format has no layers compressed by zstd; compress it by gzip"
                    : "Docker's format has no type for \(layer.mediaType)"
                throw EditError(path.key("mediaType"), reason)
            }
            var layer = layer
            // Docker has no zstd layers, so annotations of zstd:chunked are stale.
            for key in Annotation.chunked { layer[annotation: key] = nil }
            try Manifest.checkOCIOnly(layer.document, at: path, keys: Manifest.descriptorKeys)
            types.append(type)
            layers.append(layer)
        }
        try Manifest.checkOCIOnly(
            config.document, at: .root.key("config"),
            keys: Manifest.descriptorKeys.filter { $0 != "data" })
        try Manifest.checkOCIOnly(
            document, at: .root, keys: ["artifactType", "subject", "annotations"],
            allowed: Annotation.ofLines + [Annotation.baseName, Annotation.baseDigest])
        setLayers(layers)
        setMediaTypes(.dockerManifest, config: .dockerConfig, layers: types)
    }

    private static let descriptorKeys: [JSONString] = [
        "annotations", "data", "platform", "artifactType",
    ]

    /// Checks that there are no fields that Docker's format cannot express.
    ///
    /// - Parameter allowed: annotations that stay in the image line and are not stored.
    private static func checkOCIOnly(
        _ object: JSONObject, at path: JSONPath, keys: [JSONString], allowed: [JSONString] = []
    ) throws(EditError) {
        for key in keys {
            guard let value = object[key], value != .null else { continue }
            var problem = path.key(key)
            if key == "annotations", let annotations = value.object {
                let others = annotations.members.map(\.key).filter { !allowed.contains($0) }
                guard let first = others.first else { continue }
                problem = problem.key(first)
            }
            throw EditError(problem, "Docker's format has no such field; remove it before")
        }
    }

    /// Checks that every Docker type has an OCI type.
    private func checkDockerOnly() throws(EditError) {
        guard mediaType == .dockerManifest else { return }
        guard config.mediaType.isImageConfig else {
            throw EditError(
                .root.key("config").key("mediaType"), "OCI has no type for \(config.mediaType)")
        }
        for (index, layer) in layers.enumerated() where layer.mediaType.layerCompression == nil {
            throw EditError(
                .root.key("layers").index(index).key("mediaType"),
                "OCI has no type for \(layer.mediaType)")
        }
    }
}

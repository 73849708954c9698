import JSON

/// An image manifest, OCI or Docker v2 schema 2.
///
/// Keeps the document it was read from; fields that are not edited are written unchanged.
///
/// - Spec: image-spec v1.1.1, manifest.md.
public struct Manifest: Hashable, Sendable {
    public private(set) var document: JSONObject
    public private(set) var mediaType: MediaType
    public private(set) var config: Descriptor
    public private(set) var layers: [Descriptor]
    /// The manifest that this one refers to as its subject.
    public private(set) var subject: Descriptor?

    /// A manifest with `config` and without layers.
    public init(config: Descriptor) {
        self.init(config: config, artifactType: nil)
    }

    init(config: Descriptor, artifactType: MediaType?) {
        mediaType = .manifest
        self.config = config
        layers = []
        subject = nil
        document = JSONObject()
        document["schemaVersion"] = .integer(2)
        document["mediaType"] = .string(mediaType.rawValue)
        document["artifactType"] = artifactType.map { .string($0.rawValue) }
        document["config"] = .object(config.document)
        document["layers"] = .array([])
    }

    /// - Parameter mediaType: the type in the response or descriptor; the document's own
    ///   `mediaType` must be the same when both exist.
    /// - Throws: `JSONError.field` with the path of a missing or wrong field.
    public init(_ field: JSONField, mediaType outerType: MediaType? = nil) throws(JSONError) {
        document = try field.object()
        let version = try field.required("schemaVersion")
        let versionNumber = try version.integer()
        if versionNumber == 1 {
            throw version.failure(
                "schema 1, which is obsolete; push the image again from a newer tool")
        }
        guard versionNumber == 2 else { throw version.failure("not 2") }
        mediaType = try field.mediaType(announced: outerType) ?? .manifest
        if mediaType.isIndex {
            throw field.path.failure("an index, not an image manifest")
        }
        guard mediaType.isManifest else {
            throw try (field.member("mediaType") ?? field)
                .failure("not the type of an image manifest")
        }
        if try field.member("manifests") != nil {
            throw .field(path: field.path.key("manifests"), "both a manifest and an index")
        }
        config = try Descriptor(field.required("config"))
        let elements = try field.requiredElements("layers")
        guard elements.count <= DocumentLimit.layerCount else {
            throw field.path.key("layers").failure("more than \(DocumentLimit.layerCount) layers")
        }
        layers = try elements.map(Descriptor.init(_:))
        subject = try field.descriptor("subject")
        try field.checkAnnotations()
        try field.checkString("artifactType")
    }

    /// The manifest's own annotation; nil removes it, and an empty `annotations` with it.
    public subscript(annotation key: JSONString) -> String? {
        get { document[annotation: key] }
        set { document[annotation: key] = newValue }
    }

    /// Sets annotations by the user.
    public mutating func annotate(_ annotations: [KeyValue]) { document.annotate(annotations) }

    /// All annotations; empty when there are none.
    public var annotations: JSONObject { document.object("annotations") }

    mutating func setAnnotations(_ annotations: JSONObject) {
        if annotations == self.annotations { return }
        document["annotations"] = annotations.isEmpty ? nil : .object(annotations)
    }

    /// Replaces the descriptor of the config.
    public mutating func setConfig(_ config: Descriptor) {
        self.config = config
        document["config"] = .object(config.document)
    }

    /// Replaces the descriptors of the layers, the lowest first.
    public mutating func setLayers(_ layers: [Descriptor]) {
        self.layers = layers
        document["layers"] = .array(layers.map { .object($0.document) })
    }

    /// Sets the manifest that this one refers to; a new field comes after `layers`.
    public mutating func setSubject(_ subject: Descriptor) {
        self.subject = subject
        document.set(
            "subject", to: .object(subject.document), after: ["layers", "config"])
    }

    /// Changes the media types of the manifest, its config and its layers; the blobs stay the same.
    mutating func setMediaTypes(
        _ type: MediaType, config configType: MediaType, layers layerTypes: [MediaType]
    ) {
        if mediaType != type || document["mediaType"] == nil {
            mediaType = type
            document.set("mediaType", to: .string(type.rawValue), after: ["schemaVersion"])
        }
        config.setMediaType(configType)
        setConfig(config)
        setLayers(
            zip(layers, layerTypes).map { layer, type in
                var layer = layer
                layer.setMediaType(type)
                return layer
            })
    }

    /// The bytes to store, whose digest is the manifest's: without `config.data` and without
    /// annotations that only image lines have.
    ///
    /// Docker's manifests have no annotations, so those of the base stay in the line.
    public var storedBytes: [UInt8] { storedDocument.serialized() }

    /// The document to store, as `storedBytes`.
    public var storedDocument: JSONObject {
        var copy = self
        if config.document["data"] != nil {
            copy.config.embed(nil)
            copy.setConfig(copy.config)
        }
        for key in Annotation.ofLines { copy[annotation: key] = nil }
        if mediaType == .dockerManifest {
            copy[annotation: Annotation.baseName] = nil
            copy[annotation: Annotation.baseDigest] = nil
        }
        return copy.document
    }
}

extension JSONPath {
    func failure(_ problem: String) -> JSONError { .field(path: self, problem) }
}

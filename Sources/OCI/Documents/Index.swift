import JSON

/// An image index, or Docker's manifest list: one descriptor for each platform.
///
/// - Spec: image-spec v1.1.1, image-index.md.
public struct Index: Hashable, Sendable {
    public private(set) var document: JSONObject
    public let mediaType: MediaType
    public private(set) var manifests: [Descriptor]
    public let subject: Descriptor?

    /// - Parameter mediaType: OCI's or Docker's.
    public init(manifests: [Descriptor], mediaType: MediaType = .index) {
        precondition(mediaType.isIndex)
        self.mediaType = mediaType
        self.manifests = manifests
        subject = nil
        document = JSONObject()
        document["schemaVersion"] = .integer(2)
        document["mediaType"] = .string(mediaType.rawValue)
        document["manifests"] = .array(manifests.map { .object($0.document) })
    }

    /// - Parameter mediaType: the type in the response or descriptor.
    /// - Throws: `JSONError.field` with the path of a missing or wrong field.
    public init(_ field: JSONField, mediaType outerType: MediaType? = nil) throws(JSONError) {
        document = try field.object()
        let version = try field.required("schemaVersion")
        guard try version.integer() == 2 else { throw version.failure("not 2") }
        mediaType = try field.mediaType(announced: outerType) ?? .index
        guard mediaType.isIndex else {
            throw try (field.member("mediaType") ?? field).failure("not the type of an index")
        }
        if try field.member("layers") != nil {
            throw .field(path: field.path.key("layers"), "both a manifest and an index")
        }
        manifests = try field.requiredElements("manifests").map(Descriptor.init(_:))
        subject = try field.descriptor("subject")
        try field.checkAnnotations()
        try field.checkString("artifactType")
    }

    /// The index's own annotation; nil removes it.
    public subscript(annotation key: JSONString) -> String? {
        get { document[annotation: key] }
        set { document[annotation: key] = newValue }
    }

    /// Sets annotations by the user.
    public mutating func annotate(_ annotations: [KeyValue]) { document.annotate(annotations) }

    /// Replaces the entries; all other fields stay.
    public mutating func setManifests(_ manifests: [Descriptor]) {
        self.manifests = manifests
        document["manifests"] = .array(manifests.map { .object($0.document) })
    }

    public var storedBytes: [UInt8] { document.serialized() }
}

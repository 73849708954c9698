import JSON

/// A pointer to content: its type, digest and size.
///
/// Keeps the document it was read from, including unknown fields.
///
/// - Spec: image-spec v1.1.1, descriptor.md.
public struct Descriptor: Hashable, Sendable {
    public private(set) var document: JSONObject
    public private(set) var mediaType: MediaType
    public let digest: Digest
    /// The size of the content in bytes.
    public let size: Int64
    public let platform: Platform?

    public init(mediaType: MediaType, digest: Digest, size: Int64) {
        precondition(size >= 0)
        document = JSONObject()
        document["mediaType"] = .string(mediaType.rawValue)
        document["digest"] = .string(digest.description)
        document["size"] = .integer(size)
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        platform = nil
    }

    /// The fields of the specification.
    public static let keys: [JSONString] = [
        "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform",
    ]

    /// - Throws: `JSONError.field` with the path of a missing or wrong field.
    public init(_ field: JSONField) throws(JSONError) {
        document = try field.object()
        mediaType = try MediaType(field.required("mediaType"))
        digest = try Digest(field.required("digest"))
        let size = try field.required("size")
        self.size = try size.integer()
        if self.size < 0 { throw size.failure("negative") }
        platform = try field.member("platform").map { (field) throws(JSONError) in
            try Platform(field)
        }
        try field.checkAnnotations()
        try field.checkString("artifactType")
        try field.checkString("data")
        for url in try field.member("urls")?.elements() ?? [] { _ = try url.string() }
    }

    /// The embedded content; nil without it.
    ///
    /// - Throws: `JSONError.field` when it is not base64. Not checked against `digest`.
    public func embeddedData() throws(JSONError) -> [UInt8]? {
        guard let text = document["data"]?.string?.utf8 else { return nil }
        guard let bytes = Base64.decode(text) else {
            throw .field(path: .root.key("data"), "not base64")
        }
        return bytes
    }

    /// Replaces the embedded content, which must match `digest` and `size`; nil removes it.
    public mutating func embed(_ data: [UInt8]?) {
        document["data"] = data.map { JSON.string(JSONString(utf8: Base64.encode($0))) }
    }

    /// An annotation; nil removes it, and an empty `annotations` with it.
    public subscript(annotation key: JSONString) -> String? {
        get { document[annotation: key] }
        set { document[annotation: key] = newValue }
    }

    /// Sets annotations by the user.
    public mutating func annotate(_ annotations: [KeyValue]) { document.annotate(annotations) }

    /// Replaces the media type, in its place in the document.
    public mutating func setMediaType(_ mediaType: MediaType) {
        self.mediaType = mediaType
        document["mediaType"] = .string(mediaType.rawValue)
    }

    /// The same document for other content: digest and size are replaced, and embedded data is
    /// removed.
    public func describing(digest: Digest, size: Int64) -> Descriptor {
        var copy = document
        copy["digest"] = .string(digest.description)
        copy["size"] = .integer(size)
        copy["data"] = nil
        return Descriptor(
            document: copy, mediaType: mediaType, digest: digest, size: size, platform: platform)
    }

    private init(
        document: JSONObject, mediaType: MediaType, digest: Digest, size: Int64, platform: Platform?
    ) {
        self.document = document
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
    }
}

extension Digest {
    init(_ field: JSONField) throws(JSONError) {
        let text = try field.string()
        guard let digest = Digest(text) else {
            throw field.failure("not a sha256 or sha512 digest")
        }
        self = digest
    }
}

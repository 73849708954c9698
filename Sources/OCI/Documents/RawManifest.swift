import JSON

/// A stored manifest or index: its exact bytes and media type.
public struct RawManifest: Hashable, Sendable {
    public let bytes: [UInt8]
    public let mediaType: MediaType
    /// The digest of `bytes`.
    public let digest: Digest

    /// - Parameter digest: the digest of the bytes, which the caller has computed;
    ///   `init(bytes:mediaType:)` of Hashing computes it.
    public init(verifiedBytes bytes: [UInt8], mediaType: MediaType, digest: Digest) {
        self.bytes = bytes
        self.mediaType = mediaType
        self.digest = digest
    }

    public var descriptor: Descriptor {
        Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// - Throws: `JSONError` when it is not an image manifest of `mediaType`.
    public func manifest() throws(JSONError) -> Manifest {
        try Manifest(JSONField(JSON.parse(bytes)), mediaType: mediaType)
    }

    /// - Throws: `JSONError` when it is not an index of `mediaType`.
    public func index() throws(JSONError) -> Index {
        try Index(JSONField(JSON.parse(bytes)), mediaType: mediaType)
    }

    /// The subject of the manifest or index.
    ///
    /// - Throws: `JSONError` when the field is not a descriptor.
    public func subject() throws(JSONError) -> Descriptor? {
        try JSONField(JSON.parse(bytes)).descriptor("subject")
    }
}

/// Selects a manifest of a repository or layout.
///
/// - Spec: distribution-spec v1.1, Pulling manifests: `<reference>` is a tag or a digest.
public enum ManifestSelector: Hashable, Sendable, CustomStringConvertible {
    case tag(String)
    case digest(Digest)

    /// The `<reference>` in a URL: the tag or the digest.
    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }

    /// The name in messages of the manifest in a repository: `REPOSITORY:TAG` or
    /// `REPOSITORY@DIGEST`.
    public func name(in repository: String) -> String {
        switch self {
        case .tag(let tag): "\(repository):\(tag)"
        case .digest(let digest): "\(repository)@\(digest)"
        }
    }
}

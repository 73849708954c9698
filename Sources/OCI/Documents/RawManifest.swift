import JSON

/// A manifest or index as it is stored: exact bytes, and what the store calls them.
public struct RawManifest: Hashable, Sendable {
    public let bytes: [UInt8]
    public let mediaType: MediaType
    /// Digest of `bytes`.
    public let digest: Digest

    /// - Parameter digest: of the bytes, computed by whoever read them; `init(bytes:mediaType:)`
    ///   of Hashing computes it.
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

    /// The manifest that this one is about, whichever kind it is.
    ///
    /// - Throws: `JSONError` when the field is not a descriptor.
    public func subject() throws(JSONError) -> Descriptor? {
        try JSONField(JSON.parse(bytes)).member("subject").map { (field) throws(JSONError) in
            try Descriptor(field)
        }
    }
}

/// Which manifest of a repository or layout is meant.
///
/// - Spec: distribution-spec v1.1, Pulling manifests: `<reference>` is a tag or a digest.
public enum ManifestSelector: Hashable, Sendable, CustomStringConvertible {
    case tag(String)
    case digest(Digest)

    /// The reference as it stands in a path: the tag, or the digest.
    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }
}

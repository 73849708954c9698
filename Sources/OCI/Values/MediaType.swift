import JSON

/// The type of a blob or document.
///
/// - Spec: image-spec v1.1.1, media-types.md; Docker image manifest v2 schema 2.
public struct MediaType: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// A type in the source code.
    public init(_ literal: StaticString) {
        rawValue = literal.description
    }

    /// A type from outside: `type/subtype`, with or without parameters.
    ///
    /// This is the only way to make a media type from text, because a media type becomes a header.
    /// - Returns: nil for anything else.
    /// - Spec: RFC 6838, section 4.2.
    public init?(parsing text: String) {
        let name = text.utf8.prefix { $0 != UInt8(ascii: ";") }
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(isRestrictedName),
            text.utf8.dropFirst(name.count).allSatisfy({ (0x20..<0x7F).contains($0) })
        else { return nil }
        rawValue = text
    }

    /// - Throws: `JSONError.field` for a text that is not a media type.
    init(_ field: JSONField) throws(JSONError) {
        guard let type = MediaType(parsing: try field.string()) else {
            throw field.failure("not a media type")
        }
        self = type
    }

    public var description: String { rawValue }

    public static let descriptor = MediaType("application/vnd.oci.descriptor.v1+json")
    public static let manifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    public static let index = MediaType("application/vnd.oci.image.index.v1+json")
    public static let config = MediaType("application/vnd.oci.image.config.v1+json")
    public static let empty = MediaType("application/vnd.oci.empty.v1+json")
    public static let layer = MediaType("application/vnd.oci.image.layer.v1.tar")
    public static let layerGzip = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
    public static let layerZstd = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
    public static let octetStream = MediaType("application/octet-stream")

    public static let dockerManifest = MediaType(
        "application/vnd.docker.distribution.manifest.v2+json")
    public static let dockerManifestList = MediaType(
        "application/vnd.docker.distribution.manifest.list.v2+json")
    public static let dockerConfig = MediaType("application/vnd.docker.container.image.v1+json")
    public static let dockerLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar")
    public static let dockerLayerGzip = MediaType(
        "application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// Written by containerd and BuildKit; other readers of Docker's types do not support it.
    static let dockerLayerZstd = MediaType("application/vnd.docker.image.rootfs.diff.tar.zstd")
    public static let dockerForeignLayer = MediaType(
        "application/vnd.docker.image.rootfs.foreign.diff.tar")
    public static let dockerForeignLayerGzip = MediaType(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    public static let dockerSchema1 = MediaType(
        "application/vnd.docker.distribution.manifest.v1+json")
    public static let dockerSchema1Signed = MediaType(
        "application/vnd.docker.distribution.manifest.v1+prettyjws")

    static let nondistributable = MediaType(
        "application/vnd.oci.image.layer.nondistributable.v1.tar")
    static let nondistributableGzip = MediaType(
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    static let nondistributableZstd = MediaType(
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")

    /// Several platforms: an OCI index or a Docker manifest list.
    public var isIndex: Bool { self == .index || self == .dockerManifestList }

    public var isManifest: Bool { self == .manifest || self == .dockerManifest }

    public var isSchema1: Bool { self == .dockerSchema1 || self == .dockerSchema1Signed }

    /// Config types of a runnable image, as opposed to an artifact.
    public var isImageConfig: Bool { self == .config || self == .dockerConfig }

    /// Layers whose bytes stay at their `urls` and are never pushed.
    public var isNondistributable: Bool {
        [
            .nondistributable, .nondistributableGzip, .nondistributableZstd, .dockerForeignLayer,
            .dockerForeignLayerGzip,
        ].contains(self)
    }

    /// The compression of a layer type; nil for any other type.
    public var layerCompression: LayerCompression? {
        switch self {
        case .layer, .dockerLayer, .nondistributable, .dockerForeignLayer: LayerCompression.none
        case .layerGzip, .dockerLayerGzip, .nondistributableGzip, .dockerForeignLayerGzip: .gzip
        case .layerZstd, .nondistributableZstd, .dockerLayerZstd: .zstd
        default: nil
        }
    }

    /// The OCI type for a Docker type; other types are unchanged.
    public var asOCI: MediaType {
        if self == .dockerLayerZstd { return .layerZstd }
        return MediaType.pairs.first { $0.docker == self }?.oci ?? self
    }

    /// The Docker type for an OCI type; nil when Docker has none.
    public var asDocker: MediaType? {
        MediaType.pairs.first { $0.docker == self || $0.oci == self }?.docker
    }

    private static let pairs: [(docker: MediaType, oci: MediaType)] = [
        (.dockerManifest, .manifest), (.dockerManifestList, .index), (.dockerConfig, .config),
        (.dockerLayer, .layer), (.dockerLayerGzip, .layerGzip),
        (.dockerForeignLayer, .nondistributable), (.dockerForeignLayerGzip, .nondistributableGzip),
    ]
}

/// `restricted-name` of RFC 6838: at most 127 letters, digits and some signs.
private func isRestrictedName(_ name: Substring.UTF8View.SubSequence) -> Bool {
    guard let first = name.first, first.isAlphanumeric, name.count <= 127 else { return false }
    return name.allSatisfy { $0.isAlphanumeric || "!#$&-^_.+".utf8.contains($0) }
}

/// The compression of a layer's tar.
public enum LayerCompression: Sendable {
    case none
    case gzip
    case zstd

    public var mediaType: MediaType {
        switch self {
        case .none: .layer
        case .gzip: .layerGzip
        case .zstd: .layerZstd
        }
    }
}

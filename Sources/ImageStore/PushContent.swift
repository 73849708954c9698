import Hashing
import JSON
import OCI

/// Content of one push: a manifest or index, and everything that it refers to.
public struct PushContent: Sendable {
    /// The manifest or index that the tag will point to.
    public let root: RawManifest
    /// The images of `root`, when they came as image lines; otherwise `root` is read from its
    /// source.
    let images: [Child]
    /// A possible source of the blobs of a manifest that came as bytes.
    let source: Reference?

    /// Whether it is not an image, or has a subject: an SBOM, a signature.
    public let isArtifact: Bool

    /// An image with the manifest as it is stored.
    struct Child: Sendable {
        let stored: RawManifest
        let manifest: Manifest
        let configBytes: [UInt8]
        /// Possible sources of its blobs: where the image was fetched from, and its base.
        let sources: [Reference]
        /// Its name in messages.
        let subject: String
    }

    /// Images of image lines: one, or with `asIndex` or when there are several, an index over them.
    ///
    /// Embedded configs and annotations of image lines are left out. So is the name of a base in a
    /// layout: a local path means nothing elsewhere, and the digest would depend on it.
    ///
    /// - Precondition: there is at least one image.
    /// - Throws: `StoreError.duplicatePlatform`, `.malformed`, `.tooLarge`.
    public init(
        images: [Image], asIndex: Bool, annotations: [KeyValue]
    ) throws(StoreError) {
        precondition(!images.isEmpty)
        let isIndex = asIndex || images.count > 1
        var children: [Child] = []
        for (offset, image) in images.enumerated() {
            children.append(
                PushContent.child(
                    image, annotations: isIndex ? [] : annotations,
                    subject: images.count > 1 ? "image \(offset + 1)" : "the image"))
        }
        self.images = children
        source = nil
        isArtifact = !isIndex && images[0].manifest.isArtifact
        root =
            isIndex
            ? try IndexEntry.index(over: images, children, annotations) : children[0].stored
        for manifest in children.map(\.stored) + [root] { try PushContent.checkSize(manifest) }
    }

    /// A manifest or index as it is: byte for byte, unless annotations are added.
    ///
    /// - Throws: `StoreError.malformed` when it is neither, `.tooLarge`.
    public init(
        raw bytes: [UInt8], annotations: [KeyValue], subject: String
    ) throws(StoreError) {
        try self.init(raw: bytes, annotations: annotations, subject: subject, source: nil)
    }

    /// - Parameter source: where it is stored, and its blobs.
    init(
        raw bytes: [UInt8], annotations: [KeyValue], subject: String,
        source: Reference?
    ) throws(StoreError) {
        self.source = source
        (root, isArtifact) = try parsing(subject) { () throws(JSONError) in
            let mediaType = try RawManifest.mediaType(of: bytes)
            let field = JSONField(try JSON.parse(bytes))
            let isArtifact =
                mediaType.isIndex
                ? try Index(field).subject != nil : try Manifest(field).isArtifact
            var bytes = bytes
            if !annotations.isEmpty {
                var document = try field.object()
                document.annotate(annotations)
                bytes = document.serialized()
            }
            return (
                RawManifest(bytes: bytes, mediaType: mediaType),
                isArtifact
            )
        }
        images = []
        try PushContent.checkSize(root)
    }

    /// Splits images for an archive into groups that are one image each: consecutive images of
    /// different platforms.
    ///
    /// - Throws: `StoreError.malformed`.
    public static func groups(of images: [Image]) throws(StoreError) -> [[Image]] {
        try IndexEntry.groups(images)
    }

    private static func checkSize(_ manifest: RawManifest) throws(StoreError) {
        let limit = DocumentLimit.manifestByteCount
        guard manifest.bytes.count <= limit else {
            throw .tooLarge(
                subject: "manifest", size: Int64(manifest.bytes.count), limit: limit)
        }
    }

    static func child(
        _ image: Image, annotations: [KeyValue], subject: String
    ) -> Child {
        var manifest = image.manifest
        let sources = manifest.blobSources
        if case .layout = manifest.base { manifest[annotation: Annotation.baseName] = nil }
        manifest.annotate(annotations)
        let bytes = manifest.storedBytes
        return Child(
            stored: RawManifest(bytes: bytes, mediaType: manifest.mediaType),
            manifest: manifest, configBytes: image.configBytes, sources: sources, subject: subject)
    }
}

extension Manifest {
    fileprivate var isArtifact: Bool { subject != nil || !config.mediaType.isImageConfig }
}

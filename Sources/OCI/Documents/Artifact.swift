import JSON

/// An artifact: a manifest over blobs of any type.
///
/// - Spec: image-spec v1.1.1, manifest.md, Guidelines for Artifact Usage.
public struct Artifact: Sendable {
    public var artifactType: MediaType?
    /// In order. Without any, the manifest has the empty blob.
    public var blobs: [Descriptor] = []
    /// The manifest that the artifact refers to.
    public private(set) var subject: Descriptor?
    public var annotations: [KeyValue] = []

    public init(artifactType: MediaType?) {
        self.artifactType = artifactType
    }

    /// Sets the subject.
    ///
    /// - Throws: `EditError` for a descriptor of neither a manifest nor an index.
    public mutating func setSubject(_ descriptor: Descriptor) throws(EditError) {
        guard descriptor.mediaType.isManifest || descriptor.mediaType.isIndex else {
            throw EditError(
                .root.key("subject").key("mediaType"),
                "not the type of a manifest: \(descriptor.mediaType)")
        }
        // Only type, digest and size: embedded data and annotations are for pipes.
        subject = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
    }

    /// The bytes of the empty blob.
    public static let emptyBytes: [UInt8] = Array("{}".utf8)

    /// The manifest with a config. The config's type may be the empty type only when the artifact
    /// has a type.
    ///
    /// - Parameter empty: the descriptor of `emptyBytes`.
    public func manifest(config: Descriptor, empty: Descriptor) -> Manifest {
        precondition(artifactType != nil || config.mediaType != .empty)
        var manifest = Manifest(config: config, artifactType: artifactType)
        manifest.setLayers(blobs.isEmpty ? [empty] : blobs)
        if let subject { manifest.setSubject(subject) }
        manifest.annotate(annotations)
        return manifest
    }
}

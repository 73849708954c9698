import JSON

/// An artifact: a manifest over blobs of any type.
///
/// - Spec: image-spec v1.1.1, manifest.md, Guidelines for Artifact Usage.
public struct Artifact: Sendable {
    public var artifactType: MediaType?
    /// At least one in the manifest: without any, it is the empty blob.
    public var blobs: [Descriptor] = []
    /// The manifest that this one says something about.
    public private(set) var subject: Descriptor?
    public var annotations: [KeyValue] = []

    public init(artifactType: MediaType?) {
        self.artifactType = artifactType
    }

    /// Sets the subject.
    ///
    /// - Throws: `EditError` for what is neither a manifest nor an index.
    public mutating func setSubject(_ descriptor: Descriptor) throws(EditError) {
        guard descriptor.mediaType.isManifest || descriptor.mediaType.isIndex else {
            throw EditError(
                .root.key("subject").key("mediaType"),
                "not the type of a manifest: \(descriptor.mediaType)")
        }
        // A reference, not the content: what it carries for a pipe is left behind.
        subject = Descriptor(
            mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
    }

    /// The bytes of the blob that stands where nothing is to be said.
    public static let emptyBytes: [UInt8] = Array("{}".utf8)

    /// The manifest around a config, whose type must not be the empty one unless the artifact has a
    /// type of its own.
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

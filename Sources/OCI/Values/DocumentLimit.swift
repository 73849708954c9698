/// The limits of documents by others. Real ones are far smaller.
public enum DocumentLimit {
    /// The maximum size of a manifest or index: the size that registries must accept.
    ///
    /// - Spec: distribution-spec v1.1, Pushing Manifests.
    public static let manifestByteCount = 4 << 20

    /// The maximum size of the config of an image or artifact.
    public static let configByteCount = 8 << 20

    /// The maximum number of layers. Container runtimes accept some hundreds; artifacts may have
    /// more.
    public static let layerCount = 10_000

    /// The maximum number of different manifests of an index and its nested indexes.
    public static let indexEntryCount = 10_000

    /// The maximum total size of those manifests, and of the configs of the images.
    public static let indexByteCount = 256 << 20

    /// The maximum number of levels of nested indexes.
    public static let indexDepth = 8
}

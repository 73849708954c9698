/// The most that is read of documents, which others wrote. Real ones are far smaller.
public enum DocumentLimit {
    /// Bytes of a manifest or index: the size that registries must accept.
    ///
    /// - Spec: distribution-spec v1.1, Pushing Manifests.
    public static let manifestByteCount = 4 << 20

    /// Bytes of the config of an image or artifact.
    public static let configByteCount = 8 << 20

    /// Layers of a manifest. Container runtimes stop at some hundreds; artifacts may have more.
    public static let layerCount = 10_000

    /// Different manifests of an index and of the indexes in it.
    public static let indexEntryCount = 10_000

    /// Bytes of those manifests together, and of the configs of the images together.
    public static let indexByteCount = 256 << 20

    /// Levels of nested indexes.
    public static let indexDepth = 8
}

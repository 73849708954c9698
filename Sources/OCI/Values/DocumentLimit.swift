/// The most that is read of documents, which others wrote. Real ones are far smaller.
public enum DocumentLimit {
    /// Bytes of a manifest or index: what registries must take.
    ///
    /// - Spec: distribution-spec v1.1, Pushing Manifests.
    public static let manifestByteCount = 4 << 20

    /// Bytes of the config of an image or artifact.
    public static let configByteCount = 8 << 20

    /// Layers of a manifest. Container runtimes stop at some hundreds; artifacts may have more.
    public static let layerCount = 10_000

    /// How many indexes may be inside one another.
    public static let indexDepth = 8
}

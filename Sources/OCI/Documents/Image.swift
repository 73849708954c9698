import JSON

/// An image: a manifest and the exact bytes of its config, as in an image line.
public struct Image: Sendable {
    public var manifest: Manifest
    /// The stored bytes of the config, which the manifest's config descriptor describes.
    public private(set) var configBytes: [UInt8]

    /// - Precondition: `configBytes` match `manifest.config`; the caller has verified that.
    public init(manifest: Manifest, configBytes: [UInt8]) {
        precondition(Int64(configBytes.count) == manifest.config.size)
        self.manifest = manifest
        self.configBytes = configBytes
    }

    /// The parsed config.
    ///
    /// - Throws: `EditError` when this is an artifact; `JSONError` when its config is malformed, with
    ///   a path that begins with `config.data`.
    public func config() throws -> ImageConfig {
        let path = JSONPath.root.key("config").key("data")
        guard manifest.config.mediaType.isImageConfig else {
            throw EditError(
                .root.key("config").key("mediaType"),
                "this is an artifact, not an image: \(manifest.config.mediaType)")
        }
        do throws(JSONError) {
            return try ImageConfig(JSONField(JSON.parse(configBytes)))
        } catch {
            throw error.inside(path)
        }
    }

    /// Replaces the config.
    public mutating func setConfig(_ bytes: [UInt8], digest: Digest) {
        configBytes = bytes
        manifest.setConfig(
            manifest.config.describing(digest: digest, size: Int64(bytes.count)))
    }

    /// The image line, without its newline: the manifest with the config in `config.data`.
    public var line: [UInt8] {
        var copy = manifest
        var config = copy.config
        config.embed(configBytes)
        copy.setConfig(config)
        return copy.document.serialized()
    }
}

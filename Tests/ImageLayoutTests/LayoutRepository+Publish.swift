import ImageLayout
import OCI

extension LayoutRepository {
    /// Publishes one manifest.
    func publish(
        _ manifest: RawManifest, tag: String?, check: ((Digest?) throws -> Void)? = nil
    ) throws {
        try publish([Publication(manifest, tag: tag, check: check)])
    }
}

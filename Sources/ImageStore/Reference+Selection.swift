import OCI

extension Reference {
    /// The same tag, or place, at a digest.
    public func at(_ digest: Digest) -> Reference { withDigest(digest) }

    /// The same place with another tag and digest, or without them.
    func selecting(tag: String?, digest: Digest?) -> Reference {
        switch self {
        case .registry(let reference):
            .registry(
                RegistryReference(
                    host: reference.host, repository: reference.repository, tag: tag,
                    digest: digest))
        case .layout(let reference):
            .layout(LayoutReference(directory: reference.directory, tag: tag, digest: digest))
        case .scratch: .scratch
        }
    }
}

import ByteStream
import OCI

extension RegistryRepository {
    /// Stores a manifest under a tag, or without one under its digest.
    ///
    /// A registry that supports conditional requests is asked to change the tag only from the
    /// digest that `check` got. Others ignore the condition, so a caller should check the tag
    /// afterwards.
    ///
    /// - Parameter check: called with the digest of the tag; when it throws, the tag is not moved.
    /// - Returns: as `putManifest`.
    /// - Spec: RFC 9110, sections 13.1.1 and 13.1.2.
    @discardableResult
    public func publish(
        _ manifest: RawManifest, tag: String?, check: ((Digest?) throws -> Void)?
    ) throws -> Digest? {
        guard let tag, let check else { return try putManifest(manifest, tag: tag) }
        let head = try head(.tag(tag))
        try check(head?.digest)
        do {
            return try put(manifest, tag: tag, condition: condition(after: head))
        } catch RegistryError.refused(let answer) where answer.status == 412 {
            let current = try manifestDigest(.tag(tag))
            // The response to the first attempt was lost: the tag already has this digest.
            if current == manifest.digest { return nil }
            try check(current)
            // The tag did not move: this registry's condition has another meaning.
            return try putManifest(manifest, tag: tag)
        }
    }

    /// The condition header; nil when the registry sent no entity tag.
    private func condition(after head: ManifestHead?) -> HTTPHeaders.Field? {
        guard let head else { return HTTPHeaders.Field(name: "If-None-Match", value: "*") }
        guard let tag = head.entityTag, tag.hasPrefix("\""), tag.hasSuffix("\""),
            tag.utf8.count > 2
        else { return nil }
        return HTTPHeaders.Field(name: "If-Match", value: tag)
    }
}

/// The response to HEAD for a manifest.
struct ManifestHead {
    let digest: Digest
    /// The entity tag: `"..."`, or `W/"..."` for a weak one, which cannot be used.
    let entityTag: String?
}

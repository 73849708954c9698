import ByteStream
import OCI

extension RegistryRepository {
    /// Stores manifests under tags, or without one under their digests, one after another.
    ///
    /// A registry that supports conditional requests is asked to change a tag only from the digest
    /// that its check got. Others ignore the condition, so a caller should check the tag
    /// afterwards.
    ///
    /// - Returns: as `putManifest`, for each.
    /// - Spec: RFC 9110, sections 13.1.1 and 13.1.2.
    @discardableResult
    public func publish(_ publications: [Publication]) throws -> [Digest?] {
        try publications.map { try publish($0) }
    }

    private func publish(_ publication: Publication) throws -> Digest? {
        let manifest = publication.manifest
        guard let tag = publication.tag, let check = publication.check else {
            return try putManifest(manifest, tag: publication.tag)
        }
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

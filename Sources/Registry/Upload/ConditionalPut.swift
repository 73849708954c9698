import ByteStream
import OCI

extension RegistryRepository {
    /// Stores the manifest that a reference stands for; without a tag it is found by its digest.
    ///
    /// A registry that knows conditions is asked to hold the tag where `check` saw it; others pass
    /// over them, and whoever wants to know looks at the tag again.
    ///
    /// - Parameter check: called with what the tag stands for; what it throws leaves the tag as it is.
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
            // The answer to the first try was lost: the tag is ours already.
            if current == manifest.digest { return nil }
            try check(current)
            // It is where it should be: this registry's condition is about something else.
            return try putManifest(manifest, tag: tag)
        }
    }

    /// nil when the registry gave nothing that could be compared.
    private func condition(after head: ManifestHead?) -> HTTPHeaders.Field? {
        guard let head else { return HTTPHeaders.Field(name: "If-None-Match", value: "*") }
        guard let tag = head.entityTag, tag.hasPrefix("\""), tag.hasSuffix("\""),
            tag.utf8.count > 2
        else { return nil }
        return HTTPHeaders.Field(name: "If-Match", value: tag)
    }
}

/// A registry's answer about a manifest, without its bytes.
struct ManifestHead {
    let digest: Digest
    /// As it came: `"..."`, or `W/"..."` for one that cannot be compared.
    let entityTag: String?
}

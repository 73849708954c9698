import ByteStream
import OCI

/// The manifest and tags that `ImageStore.delete` removes.
public struct Deletion: Sendable {
    public let reference: Reference
    public let digest: Digest
    /// The tags that are removed.
    public let tags: [String]
    /// Whether the manifest itself is removed, and not only a tag.
    public let includesManifest: Bool
}

extension ImageStore {
    /// Determines what deleting a reference removes.
    ///
    /// - Parameters:
    ///   - includingManifest: whether the manifest with all its tags is removed, instead of the
    ///     tag.
    ///   - listingTags: whether every tag of the repository is looked up, to find those of the
    ///     manifest.
    /// - Throws: `StoreError.noSuchManifest`, and what the place throws.
    public func deletion(
        of reference: Reference, includingManifest: Bool, listingTags: Bool
    ) throws -> Deletion {
        let repository = try repository(for: reference)
        let digest = try digest(of: reference, platform: nil)
        var tags = reference.tag.map { [$0] } ?? []
        if includingManifest {
            tags = try listingTags ? self.tags(of: digest, in: repository) : []
        }
        return Deletion(
            reference: reference, digest: digest, tags: tags, includesManifest: includingManifest)
    }

    private func tags(of digest: Digest, in repository: any Repository) throws -> [String] {
        let tags = try repository.tags()
        return try zip(
            tags,
            concurrently(tags) { (tag: String, cancellation) in
                try cancellation.check()
                return try repository.manifestDigest(.tag(tag)) == digest
            }
        ).compactMap { $1 ? $0 : nil }
    }

    /// Performs a deletion.
    ///
    /// A manifest with a subject is removed from the subject's list of referrers, where a tag holds
    /// that list.
    ///
    /// - Throws: `StoreError.noSuchManifest` for a manifest or tag that was removed meanwhile; what
    ///   the place throws.
    public func delete(_ deletion: Deletion) throws {
        let repository = try repository(for: deletion.reference)
        let isGone: Bool
        if deletion.includesManifest {
            let raw = try repository.manifest(.digest(deletion.digest))
            isGone = try repository.deleteManifest(deletion.digest)
            if isGone, let raw { try unlistReferrer(raw, in: repository) }
        } else if let tag = deletion.tags.first {
            isGone = try repository.deleteTag(tag)
        } else {
            isGone = false
        }
        guard isGone else { throw StoreError.noSuchManifest(deletion.reference, tags: []) }
    }
}

extension Deletion {
    /// A line for each tag and manifest: its kind, name and digest, separated by tabs.
    public var lines: [String] {
        let place = reference.place
        let tagLines = tags.map { "tag\t\(place.selecting(tag: $0, digest: nil))\t\(digest)" }
        return tagLines
            + (includesManifest
                ? ["manifest\t\(place.selecting(tag: nil, digest: digest))\t\(digest)"] : [])
    }
}

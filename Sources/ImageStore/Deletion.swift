import ByteStream
import OCI

/// The manifest and tags that deleting a reference removes.
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
    /// - Throws: `StoreError.noSuchManifest`, and what the place throws.
    public func deletion(
        of reference: Reference, includingManifest: Bool
    ) throws -> Deletion {
        let repository = try repository(for: reference)
        let digest = try digest(of: reference, platform: nil)
        var tags = reference.tag.map { [$0] } ?? []
        if includingManifest {
            tags = try self.tags(of: digest, in: repository)
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

    /// Removes the tags of references, in their order.
    ///
    /// - Parameter note: called with each reference whose tag was removed.
    /// - Throws: `StoreError.noSuchManifest` for the first tag that does not exist, after those
    ///   before it were removed; what the places throw.
    public func deleteTags(of references: [Reference], note: (Reference) -> Void) throws {
        var rest = references[...]
        while let first = rest.first {
            // Consecutive tags of a layout are removed in one change.
            var group = rest.prefix(1)
            if case .layout = first { group = rest.prefix { $0.place == first.place } }
            let count = try repository(for: first).deleteTags(group.compactMap(\.tag))
            group.prefix(count).forEach(note)
            if let missing = group.dropFirst(count).first {
                // A missing repository has an error of its own.
                _ = try digest(of: missing, platform: nil)
                throw StoreError.noSuchManifest(missing, tags: [])
            }
            rest = rest.dropFirst(group.count)
        }
    }

    /// Removes the manifest of a reference with all its tags.
    ///
    /// A manifest with a subject is removed from the subject's list of referrers, where a tag holds
    /// that list.
    ///
    /// - Throws: `StoreError.noSuchManifest`, and what the place throws.
    public func deleteManifest(of reference: Reference) throws {
        let repository = try repository(for: reference)
        let digest = try digest(of: reference, platform: nil)
        let raw = try repository.manifest(.digest(digest))
        guard try repository.deleteManifest(digest) else {
            throw StoreError.noSuchManifest(reference, tags: [])
        }
        if let raw { try unlistReferrer(raw, in: repository) }
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

import ByteStream
import Hashing
import JSON
import OCI
import Registry

extension ImageStore {
    /// Retries of writing a list that another process replaced meanwhile.
    private static let referrersAttemptLimit = 5

    /// The referrers of a manifest, as descriptors with `artifactType` and annotations.
    ///
    /// - Parameter artifactType: selects only referrers of this type.
    /// - Throws: `StoreError`, and what the place throws.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrers(
        of reference: Reference, artifactType: String?
    ) throws -> [Descriptor] {
        let repository = try repository(for: reference)
        // A missing manifest may have referrers too.
        let digest = try reference.digest ?? manifest(of: reference).digest
        if let index = try repository.referrers(of: digest, artifactType: artifactType) {
            return index.manifests
        }
        let index = try referrersIndex(digest.referrersTag, in: repository)
        return index?.manifests.filter { $0.isArtifact(of: artifactType) } ?? []
    }

    /// The maximum number of artifacts that are followed from one manifest.
    static let referrerLimit = 10_000

    /// The referrers of a manifest, of the manifests of an index, and of the artifacts that were
    /// found: each once, breadth first.
    ///
    /// - Parameter artifactType: selects only artifacts of this type; others are still followed.
    /// - Throws: `StoreError`, and what the place throws.
    public func referrersRecursively(
        of reference: Reference, artifactType: String?
    ) throws -> [Descriptor] {
        let root = try manifest(of: reference)
        let repository = try repository(for: reference)
        var digests = [root.digest]
        digests += try parts(of: root, in: repository).map(\.digest)
        var seen = Set(digests)
        var found: [Descriptor] = []
        while !digests.isEmpty {
            var next: [Digest] = []
            for digest in digests {
                for referrer in try referrers(of: reference.at(digest), artifactType: nil)
                where seen.insert(referrer.digest).inserted {
                    guard found.count < ImageStore.referrerLimit else {
                        throw StoreError.tooManyReferrers(
                            reference, limit: ImageStore.referrerLimit)
                    }
                    found.append(referrer)
                    next.append(referrer.digest)
                }
            }
            digests = next
        }
        return found.filter { $0.isArtifact(of: artifactType) }
    }

    /// The manifests in an index and its nested indexes that the place has.
    func parts(
        of raw: RawManifest, in repository: any Repository, depth: Int = 0
    ) throws -> [Descriptor] {
        guard raw.mediaType.isIndex else { return [] }
        let index = try raw.parsedIndex()
        var parts: [Descriptor] = []
        for entry in index.manifests {
            parts.append(entry)
            guard entry.mediaType.isIndex, depth < DocumentLimit.indexDepth,
                let inner = try repository.manifest(.digest(entry.digest))
            else { continue }
            parts += try self.parts(of: inner, in: repository, depth: depth + 1)
        }
        return parts
    }

    /// Lists a stored manifest among the referrers of its subject, if it has one, by the referrers
    /// tag, when the registry has no such list.
    ///
    /// - Spec: distribution-spec v1.1, Pushing Manifests with Subject.
    func listReferrer(_ manifest: RawManifest, in repository: any Repository) throws {
        let (subject, entry) = try parsing("manifest '\(manifest.digest)'") {
            () throws(JSONError) in (try manifest.subject(), try manifest.referrer())
        }
        guard let tag = subject?.digest.referrersTag else { return }
        try editReferrers(tag, in: repository, missing: Index(manifests: [])) { listed in
            listed.contains { $0.digest == entry.digest } ? nil : listed + [entry]
        }
    }

    /// Removes a deleted manifest from its subject's list of referrers, where that is a tag.
    ///
    /// - Spec: distribution-spec v1.1, Deleting Manifests.
    func unlistReferrer(_ manifest: RawManifest, in repository: any Repository) throws {
        let subject = try parsing("manifest '\(manifest.digest)'") { () throws(JSONError) in
            try manifest.subject()
        }
        guard let subject,
            try repository.referrers(of: subject.digest, artifactType: nil) == nil
        else { return }
        let tag = subject.digest.referrersTag
        try editReferrers(tag, in: repository, missing: nil) { listed in
            let kept = listed.filter { $0.digest != manifest.digest }
            return kept.count == listed.count ? nil : kept
        }
    }

    /// Edits the list of referrers under a tag until the list that is stored needs no edit.
    ///
    /// Registries have no lock: a list that lost an edit to another writer is written again.
    ///
    /// - Parameters:
    ///   - missing: stands for a list that does not exist; nil ends the edit then.
    ///   - edit: returns the new entries; nil when the list is as it should be.
    /// - Throws: `StoreError.referrersContended`, what the place throws.
    private func editReferrers(
        _ tag: String, in repository: any Repository, missing: Index?,
        _ edit: ([Descriptor]) -> [Descriptor]?
    ) throws {
        for _ in 0..<ImageStore.referrersAttemptLimit {
            guard var index = try referrersIndex(tag, in: repository) ?? missing,
                let entries = edit(index.manifests)
            else { return }
            index.setManifests(entries)
            let bytes = index.storedBytes
            try repository.putManifest(
                RawManifest(bytes: bytes, mediaType: index.mediaType), tag: tag)
        }
        throw StoreError.referrersContended(place: repository.name, tag: tag)
    }

    private func referrersIndex(_ tag: String, in repository: any Repository) throws -> Index? {
        let found: RawManifest?
        do {
            found = try repository.manifest(.tag(tag))
        } catch RegistryError.denied(let answer, let host) where answer.status == 403 {
            // Some registries answer 403 for a missing tag. An existing list must not be lost.
            guard try !repository.tags().contains(tag) else {
                throw RegistryError.denied(answer, host: host)
            }
            return nil
        }
        guard let raw = found else { return nil }
        return try parsing("list of referrers '\(tag)' of \(quote(repository.name))") {
            () throws(JSONError) in try raw.index()
        }
    }
}

import ByteStream
import Hashing
import ImageLayout
import JSON
import OCI

extension ImageStore {
    /// Stores `content` in all `targets`, and then moves their tags.
    ///
    /// Blobs that a target lacks are mounted or copied from `sources`, or else from the images'
    /// bases. Each repository gets a blob once, whatever the number of its tags. A manifest with a
    /// subject is listed as a referrer.
    ///
    /// A registry that has a manifest under its digest has checked its blobs: they are not checked
    /// again, and nothing is sent when the tag has this digest already.
    ///
    /// - Parameters:
    ///   - checksBlobs: whether every blob is checked, even if the target has the manifest.
    ///   - early: digests of the targets' tags that were requested before.
    /// - Returns: the descriptor of the pushed manifest, after every place has confirmed it; by the
    ///   algorithm of the first target's digest.
    /// - Throws: `StoreError`, and what the places throw. No tag is moved before the last blob of
    ///   the last target is stored.
    public func push(
        _ content: PushContent, to targets: [Reference], sources: [Reference] = [],
        expecting expectation: TagExpectation? = nil, checksBlobs: Bool = false,
        early: EarlyTags? = nil
    ) throws -> Descriptor {
        var pushes: [TargetPush] = []
        for target in targets {
            let root = content.root.named(by: target.digest?.algorithm ?? .sha256)
            if let digest = target.digest, digest != root.digest {
                throw StoreError.digestMismatch(target, actual: root.digest)
            }
            if expectation != nil && target.tag == nil { throw StoreError.noTagToExpect(target) }
            pushes.append(TargetPush(target: target, root: root))
        }
        for index in pushes.indices {
            try look(
                at: &pushes[index], expectation, checksBlobs: checksBlobs, early,
                isNew: !content.images.isEmpty)
        }
        var places: [Reference] = []
        for push in pushes where !places.contains(push.target.place) {
            let place = push.target.place
            let isHeld = pushes.contains { $0.target.place == place && $0.isHeld }
            if !isHeld {
                try fill(
                    place, with: content, sources: sources, filled: places,
                    checksBlobs: checksBlobs)
            }
            places.append(place)
        }
        for place in places {
            let due = pushes.filter { $0.target.place == place && !$0.isDone }
            try publish(due, in: repository(for: place), expectation)
        }
        return (pushes.first?.root ?? content.root).descriptor
    }

    /// Checks which parts of a push a target already has.
    ///
    /// - Parameter isNew: the root was made here, so the tag most likely points to another manifest. The
    ///   root's digest is asked for at the same time.
    private func look(
        at push: inout TargetPush, _ expectation: TagExpectation?, checksBlobs: Bool,
        _ early: EarlyTags?, isNew: Bool
    ) throws {
        let repository = try repository(for: push.target)
        let trusts = push.target.provesBlobs && !checksBlobs
        let digest = push.root.digest
        let isThere = { @Sendable in try repository.digestBeforePush(.digest(digest)) == digest }
        let found = trusts && isNew && early != nil ? BackgroundResult(isThere) : nil
        var tagged: Digest?
        if let tag = push.target.tag {
            if let expectation {
                tagged = try repository.manifestDigest(.tag(tag))
                try check(tagged, expectation, tag, at: repository)
            } else if trusts {
                tagged =
                    try early?.digest(of: push.target) ?? repository.digestBeforePush(.tag(tag))
            }
        }
        guard trusts else { return }
        let answer = Result { try found?.wait() }
        if tagged == digest {
            push.isHeld = true
            // The subject may not list it yet.
            push.isDone = try !push.root.hasSubject()
            if push.isDone { trace("\(quote(push.target.description)) is '\(digest)' already") }
        } else {
            push.isHeld = try answer.get() ?? isThere()
        }
    }

    /// Stores the roots of pushes to one place under their names, after everything they refer to.
    private func publish(
        _ pushes: [TargetPush], in repository: any Repository, _ expectation: TagExpectation?
    ) throws {
        let publications = pushes.map { push in
            guard let expectation, let tag = push.target.tag else {
                return Publication(push.root, tag: push.target.tag)
            }
            return Publication(push.root, tag: tag) {
                try self.check($0, expectation, tag, at: repository)
            }
        }
        try publish(publications, in: repository)
        // Few registries compare and swap: another client may have moved a tag in between.
        for publication in publications where publication.check != nil {
            guard let tag = publication.tag else { continue }
            let now = try repository.manifestDigest(.tag(tag))
            guard now == publication.manifest.digest else {
                throw StoreError.tagOverwritten(place: repository.name, tag: tag, actual: now)
            }
        }
    }

    private func check(
        _ actual: Digest?, _ expectation: TagExpectation, _ tag: String,
        at repository: any Repository
    ) throws(StoreError) {
        guard expectation.holds(for: actual) else {
            throw .tagMoved(
                place: repository.name, tag: tag, expected: expectation, actual: actual)
        }
    }

    /// Stores everything that `content.root` refers to in a repository.
    ///
    /// - Parameter filled: repositories that already have everything.
    private func fill(
        _ target: Reference, with content: PushContent, sources: [Reference], filled: [Reference],
        checksBlobs: Bool
    ) throws {
        let repository = try repository(for: target)
        let inventory = try inventory(
            of: content, for: target, sources: filled + sources,
            trustsTarget: target.provesBlobs && !checksBlobs)
        try transfer(inventory.blobs, to: target)
        // The manifests of an index must be stored before the index.
        let images = inventory.manifests.filter { !$0.mediaType.isIndex }
        let listed = try concurrently(images) { (manifest: RawManifest, _) in
            try repository.putManifest(manifest, tag: nil) != nil
        }
        for (manifest, isListed) in zip(images, listed) where !isListed {
            try listReferrer(manifest, in: repository)
        }
        for index in inventory.manifests where index.mediaType.isIndex {
            let listed = try repository.putManifest(index, tag: nil)
            if listed == nil { try listReferrer(index, in: repository) }
        }
    }

    /// The manifests and blobs that must be in a place before `content.root`, with their sources.
    ///
    /// - Parameter trustsTarget: whether manifests that the place has are left out, with all their
    ///   blobs.
    func inventory(
        of content: PushContent, for target: Reference, sources: [Reference],
        trustsTarget: Bool = false
    ) throws -> Inventory {
        let sources = sources + [content.source].compactMap { $0 }
        var inventory = Inventory()
        if content.images.isEmpty {
            var walk = ManifestWalk(
                store: self, target: try repository(for: target), sources: sources,
                trustsTarget: trustsTarget)
            try walk.add(content.root, subject: "the image", depth: 0, to: &inventory)
        } else {
            let held =
                trustsTarget
                ? try heldChildren(of: content, in: repository(for: target)) : []
            for child in content.images where !held.contains(child.stored.digest) {
                inventory.add(
                    child.manifest, subject: child.subject, config: child.configBytes,
                    sources: sources + child.sources, isBuilt: true)
                if child.stored.digest != content.root.digest {
                    inventory.manifests.append(child.stored)
                }
            }
        }
        return inventory
    }

    /// The images of an index that a registry already has. The registry is known not to have the
    /// root.
    private func heldChildren(
        of content: PushContent, in repository: any Repository
    ) throws -> Set<Digest> {
        let digests = content.images.map(\.stored.digest).filter { $0 != content.root.digest }
        let found = try concurrently(digests, limit: questionLimit) { (digest: Digest, _) in
            try repository.digestBeforePush(.digest(digest)) == digest ? digest : nil
        }
        return Set(found.compactMap { $0 })
    }
}

/// A push to one target, and the parts that the target already has.
private struct TargetPush {
    let target: Reference
    /// Digest by the algorithm of the target's digest.
    let root: RawManifest
    /// Whether the repository has the root, and so everything it refers to.
    var isHeld = false
    /// Whether the tag already names the root.
    var isDone = false
}

extension Reference {
    /// Whether the place checks the references of a manifest before it stores the manifest, as
    /// registries do.
    fileprivate var provesBlobs: Bool {
        if case .registry = self { true } else { false }
    }
}

extension RawManifest {
    fileprivate func hasSubject() throws(StoreError) -> Bool {
        try parsing("manifest '\(digest)'") { () throws(JSONError) in try subject() != nil }
    }

    /// The same manifest by the digest of another algorithm.
    func named(by algorithm: Digest.Algorithm) -> RawManifest {
        if digest.algorithm == algorithm { return self }
        return RawManifest(
            verifiedBytes: bytes, mediaType: mediaType, digest: .of(bytes, algorithm: algorithm))
    }
}

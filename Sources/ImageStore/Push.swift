import ByteStream
import Hashing
import ImageLayout
import JSON
import OCI

extension ImageStore {
    /// Stores `content` at every one of `targets`, and moves their tags when all of it is there.
    ///
    /// Blobs that a target lacks are mounted or copied from `sources`, or else from the images'
    /// bases. Each repository gets a blob once, whatever the number of its tags. A manifest about
    /// another is listed as its referrer.
    ///
    /// - Returns: the descriptor of what was pushed, after every place has confirmed it; by the
    ///   algorithm of the first target's digest.
    /// - Throws: `StoreError`, and what the places throw. No tag is moved before the last blob of
    ///   the last target is there.
    public func push(
        _ content: PushContent, to targets: [Reference], sources: [Reference] = [],
        expecting expectation: TagExpectation? = nil
    ) throws -> Descriptor {
        var roots: [RawManifest] = []
        for target in targets {
            let root = content.root.named(by: target.digest?.algorithm ?? .sha256)
            if let digest = target.digest, digest != root.digest {
                throw StoreError.digestMismatch(target, actual: root.digest)
            }
            roots.append(root)
            if expectation != nil && target.tag == nil { throw StoreError.noTagToExpect(target) }
        }
        for target in targets {
            let repository = try repository(for: target)
            guard let tag = target.tag, let expectation else { continue }
            try check(repository.manifestDigest(.tag(tag)), expectation, tag, at: repository)
        }
        var places: [Reference] = []
        for target in targets where !places.contains(target.place) {
            try fill(target.place, with: content, sources: sources, filled: places)
            places.append(target.place)
        }
        for (target, root) in zip(targets, roots) {
            let repository = try repository(for: target)
            var check: ((Digest?) throws -> Void)?
            if let expectation, let tag = target.tag {
                check = { try self.check($0, expectation, tag, at: repository) }
            }
            let listed = try repository.publish(root, tag: target.tag, check: check)
            if listed == nil { try listReferrer(root, in: repository) }
            guard check != nil, let tag = target.tag else { continue }
            // Few registries compare and swap: someone else may have come in between.
            let now = try repository.manifestDigest(.tag(tag))
            guard now == root.digest else {
                throw StoreError.tagOverwritten(place: repository.name, tag: tag, actual: now)
            }
        }
        return (roots.first ?? content.root).descriptor
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

    /// Brings everything that `content.root` refers to into a repository.
    ///
    /// - Parameter filled: repositories that have all of it already.
    private func fill(
        _ target: Reference, with content: PushContent, sources: [Reference], filled: [Reference]
    ) throws {
        let repository = try repository(for: target)
        let inventory = try inventory(of: content, for: target, sources: filled + sources)
        try transfer(inventory.blobs, to: target)
        // What an index refers to must be there before it.
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

    /// What a place must have before `content.root`, and where it may be had.
    func inventory(
        of content: PushContent, for target: Reference, sources: [Reference]
    ) throws -> Inventory {
        let sources = sources + [content.source].compactMap { $0 }
        var inventory = Inventory()
        if content.images.isEmpty {
            var walk = ManifestWalk(
                store: self, target: try repository(for: target), sources: sources)
            try walk.add(content.root, subject: "the image", depth: 0, to: &inventory)
        } else {
            for child in content.images {
                inventory.add(
                    child.manifest, subject: child.subject, config: child.configBytes,
                    sources: sources + child.sources)
                if child.stored.digest != content.root.digest {
                    inventory.manifests.append(child.stored)
                }
            }
        }
        return inventory
    }
}

/// What a manifest needs to be in a repository before it.
struct Inventory {
    struct Blob: Sendable {
        let descriptor: Descriptor
        /// The bytes, when they are at hand.
        let bytes: [UInt8]?
        let sources: [Reference]
        /// As in `layer 2 of 5 of the image`.
        let subject: String
    }

    private(set) var blobs: [Blob] = []
    /// Manifests that others refer to, before those.
    var manifests: [RawManifest] = []
    private var digests: Set<Digest> = []

    mutating func add(
        _ manifest: Manifest, subject: String, config: [UInt8]?, sources: [Reference]
    ) {
        add(
            Blob(
                descriptor: manifest.config, bytes: config, sources: sources,
                subject: "config of \(subject)"))
        for (offset, layer) in manifest.layers.enumerated() {
            if layer.isForeign { continue }
            add(
                Blob(
                    descriptor: layer, bytes: layer.contentAtHand, sources: sources,
                    subject: "layer \(offset + 1) of \(manifest.layers.count) of \(subject)"))
        }
    }

    /// Adds what an index refers to and is no manifest.
    mutating func add(_ entry: Descriptor, subject: String, sources: [Reference]) {
        add(
            Blob(
                descriptor: entry, bytes: entry.contentAtHand, sources: sources, subject: subject))
    }

    private mutating func add(_ blob: Blob) {
        if digests.insert(blob.descriptor.digest).inserted { blobs.append(blob) }
    }
}

extension RawManifest {
    /// The same manifest by the digest of another algorithm.
    func named(by algorithm: Digest.Algorithm) -> RawManifest {
        if digest.algorithm == algorithm { return self }
        return RawManifest(
            verifiedBytes: bytes, mediaType: mediaType, digest: .of(bytes, algorithm: algorithm))
    }
}

extension Descriptor {
    /// A layer that stays where its `urls` say.
    ///
    /// - Spec: image-spec v1.1.1, layer.md, Non-Distributable Layers.
    fileprivate var isForeign: Bool {
        mediaType.isNondistributable && document["urls"]?.elements?.isEmpty == false
    }

    /// The content when it need not be fetched: embedded, the empty JSON object, or nothing; nil when
    /// it is none of them, or not what the digest says.
    ///
    /// - Spec: image-spec v1.1.1, manifest.md, Guidance for an Empty Descriptor.
    var contentAtHand: [UInt8]? {
        let embedded: [UInt8]?
        do {
            embedded = try embeddedData()
        } catch {
            return nil
        }
        for bytes in [embedded, Array("{}".utf8), []] {
            if let bytes, Int64(bytes.count) == size,
                Digest.of(bytes, algorithm: digest.algorithm) == digest
            {
                return bytes
            }
        }
        return nil
    }
}

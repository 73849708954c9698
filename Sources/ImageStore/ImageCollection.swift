import ByteStream
import Hashing
import JSON
import OCI

/// All manifests and blobs of an image or index, and where they are stored.
public struct ImageCollection: Sendable {
    /// An image that can be run.
    public struct Runnable: Sendable {
        public let manifest: Manifest
        public let platform: Platform?
    }

    /// A config or layer.
    public struct Blob: Sendable {
        public let descriptor: Descriptor
        fileprivate let inventory: Inventory.Blob
    }

    /// The images by name.
    public let root: RawManifest
    /// The manifests that `root` refers to, and itself last.
    public let manifests: [RawManifest]
    public let images: [Runnable]
    /// The companions of `root` and of its images; their blobs are among `blobs`.
    public let companions: [Companion]
    /// Each once.
    public let blobs: [Blob]
}

extension ImageStore {
    /// Collects the manifests and blobs of `content`.
    ///
    /// - Parameters:
    ///   - sources: where its blobs are stored; without any, the images' bases are searched.
    ///   - place: where its companions are stored; nil collects none.
    /// - Throws: `StoreError`, and what the places throw.
    public func collect(
        _ content: PushContent, sources: [Reference], companionsAt place: Reference? = nil
    ) throws -> ImageCollection {
        var inventory = Inventory()
        var images: [ImageCollection.Runnable] = []
        if content.images.isEmpty {
            let sources = sources + [content.source].compactMap { $0 }
            guard let first = sources.first else {
                throw missing("the image", content.root.digest, in: [])
            }
            var walk = ManifestWalk(
                store: self, target: try repository(for: first),
                sources: sources, trustsTarget: false)
            try walk.add(content.root, subject: "the image", depth: 0, to: &inventory)
            let platforms = try platforms(of: inventory.manifests + [content.root])
            for raw in inventory.manifests + [content.root] where raw.mediaType.isManifest {
                let manifest = try raw.parsedManifest()
                guard manifest.config.mediaType.isImageConfig else { continue }
                let platform = platforms[raw.digest]
                if platform?.isUnknown ?? false { continue }
                images.append(ImageCollection.Runnable(manifest: manifest, platform: platform))
            }
        }
        for child in content.images {
            inventory.add(
                child.manifest, subject: child.subject, config: child.configBytes,
                sources: sources.isEmpty ? child.sources : sources)
            if child.stored.digest != content.root.digest {
                inventory.manifests.append(child.stored)
            }
            guard child.manifest.config.mediaType.isImageConfig else { continue }
            let image = Image(manifest: child.manifest, configBytes: child.configBytes)
            images.append(
                ImageCollection.Runnable(
                    manifest: child.manifest, platform: try image.platform(subject: child.subject)))
        }
        let manifests = inventory.manifests + [content.root]
        let companions =
            try place.map { try self.companions(of: content.root, at: $0, &inventory) } ?? []
        return ImageCollection(
            root: content.root, manifests: manifests, images: images, companions: companions,
            blobs: inventory.blobs.map {
                ImageCollection.Blob(descriptor: $0.descriptor, inventory: $0)
            })
    }

    /// The companions of `root`, whose blobs are added to `inventory`.
    private func companions(
        of root: RawManifest, at place: Reference, _ inventory: inout Inventory
    ) throws -> [Companion] {
        var walk = ManifestWalk(
            store: self, target: try repository(for: place), sources: [place],
            trustsTarget: false)
        inventory.manifests = []
        var companions: [Companion] = []
        try visitCompanions(of: root, at: place) { companion in
            let raw = companion.manifest
            try walk.add(raw, subject: "'\(raw.digest)'", depth: 0, to: &inventory)
            companions += inventory.manifests.map { Companion(manifest: $0, tag: nil) }
            inventory.manifests = []
            companions.append(companion)
        }
        return companions
    }

    /// The platforms of manifests by the index entries in `manifests`.
    private func platforms(of manifests: [RawManifest]) throws -> [Digest: Platform] {
        var platforms: [Digest: Platform] = [:]
        for raw in manifests where raw.mediaType.isIndex {
            let index = try raw.parsedIndex()
            for entry in index.manifests { platforms[entry.digest] = entry.platform }
        }
        return platforms
    }

    /// Streams a blob from the first place that has it, and verifies it; the last bytes are
    /// verified only when this returns.
    ///
    /// - Throws: `StoreError.missing`, and what the places and `sink` throw.
    public func readBlob(_ blob: ImageCollection.Blob, into sink: any ByteSink) throws {
        if let bytes = blob.inventory.bytes {
            return try bytes.withUnsafeBytes { try sink.write($0) }
        }
        let digest = blob.descriptor.digest
        for source in blob.inventory.sources where source != .scratch {
            let repository = try repository(for: source)
            guard try repository.hasBlob(digest) else { continue }
            return try repository.readBlob(blob.descriptor, into: sink)
        }
        throw missing(blob.inventory.subject, digest, in: blob.inventory.sources)
    }
}

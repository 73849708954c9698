import ByteStream
import Hashing
import ImageStore
import JSON
import OCI

/// An OCI layout in a tar.
struct OCIArchive {
    let contents: ArchiveContents
    private let target: any Repository
    private let platforms: [Platform]
    let warn: (String) -> Void

    /// - Parameter platforms: the platforms to load; empty loads all.
    init(
        _ contents: ArchiveContents, _ target: any Repository, _ platforms: [Platform],
        warn: @escaping (String) -> Void
    ) {
        self.contents = contents
        self.target = target
        self.platforms = platforms
        self.warn = warn
    }

    /// The images of `index.json`, each once with all its names.
    func images(of entries: [Descriptor]) throws -> [ArchivedImage] {
        if let list = Index(platformsOf: entries), let name = entries[0].archiveName {
            return try images([(.init(bytes: list.storedBytes, mediaType: .index), [name])])
        } else if let list = Index(platformsOf: entries) {
            return try images([(.init(bytes: list.storedBytes, mediaType: .index), [])])
        }
        var order: [Digest] = []
        var names: [Digest: [ArchivedName]] = [:]
        var descriptors: [Digest: Descriptor] = [:]
        for entry in entries {
            if descriptors.updateValue(entry, forKey: entry.digest) == nil {
                order.append(entry.digest)
            }
            if let name = entry.archiveName { names[entry.digest, default: []].append(name) }
        }
        return try images(
            order.compactMap { descriptors[$0] }.map { (try manifest($0), names[$0.digest] ?? []) })
    }

    /// The images with these roots, for the requested platforms.
    private func images(
        _ roots: [(raw: RawManifest, names: [ArchivedName])]
    ) throws -> [ArchivedImage] {
        var available: [Platform] = []
        // Blobs that several images share are stored once.
        var stored = StoredContent()
        let images = try roots.compactMap { root -> ArchivedImage? in
            let whole = try withoutMissing(root.raw)
            guard let chosen = try choose(platforms, of: whole, available: &available) else {
                return nil
            }
            return ArchivedImage(root: chosen, names: root.names) {
                try store(chosen, depth: 0, &stored)
                return [chosen.digest] + stored.takeManifests()
            }
        }
        if images.isEmpty, !roots.isEmpty, let wanted = platforms.first {
            throw ArchiveError.noSuchPlatform(wanted, available: available.map(\.description))
        }
        return images
    }

    func manifest(_ descriptor: Descriptor) throws -> RawManifest {
        let bytes = try contents.requiredDocument(
            descriptor, "manifest '\(descriptor.digest)'")
        return RawManifest(
            verifiedBytes: bytes, mediaType: descriptor.mediaType, digest: descriptor.digest)
    }

    struct StoredContent {
        var walk = IndexWalk()
        var blobs: Set<Digest> = []
        private var manifests: [Digest] = []

        mutating func add(_ manifest: Digest) { manifests.append(manifest) }

        /// The manifests that were added since the last call.
        mutating func takeManifests() -> [Digest] {
            defer { manifests = [] }
            return manifests
        }
    }

    func store(_ raw: RawManifest, depth: Int, _ stored: inout StoredContent) throws {
        let name = "manifest '\(raw.digest)'"
        if raw.mediaType.isIndex {
            let entries = try parsing(name) { () throws(JSONError) in
                try stored.walk.newEntries(of: raw.index(), depth: depth)
            }
            for entry in entries {
                guard entry.mediaType.isManifest || entry.mediaType.isIndex else {
                    if stored.blobs.insert(entry.digest).inserted { try store(entry) }
                    continue
                }
                let child = try manifest(entry)
                try store(child, depth: depth + 1, &stored)
                try target.putManifest(child, tag: nil)
                stored.add(child.digest)
            }
            return
        }
        let manifest = try parsing(name) { () throws(JSONError) in try raw.manifest() }
        for blob in [manifest.config] + manifest.layers
        where stored.blobs.insert(blob.digest).inserted {
            try store(blob)
        }
    }

    private func store(_ blob: Descriptor) throws {
        if let size = contents.blobSize(blob.digest) {
            guard size == blob.size else {
                throw VerificationError.size(
                    subject: "blob '\(blob.digest)'", expected: blob.size, actual: size)
            }
            return
        }
        if let bytes = try contents.document(blob) {
            let source = MemoryBlob(bytes, algorithm: blob.digest.algorithm)
            _ = try target.writeBlob(source, mountFrom: [])
            return
        }
        // Non-distributable layers are not in archives.
        if blob.mediaType.isNondistributable { return }
        guard try target.hasBlob(blob.digest) else {
            throw ArchiveError.missing(subject: "blob '\(blob.digest)'")
        }
    }
}

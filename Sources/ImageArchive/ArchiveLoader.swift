import ByteStream
import Hashing
import ImageStore
import JSON
import OCI

/// Loads the images of an archive of Docker's or of OCI's into a place, in one pass.
///
/// Layers go to the target as they come, since each is named by its digest or gets its digest on the
/// way; only documents are held. Manifests and names are stored when all of the archive was read
/// well, so that a cut one changes no name.
///
/// - Spec: image-spec v1.1.1, image-layout.md; Docker's image specification v1.2,
///   "Combined Image JSON + Filesystem Changeset Format".
public struct ArchiveLoader {
    private let target: any Repository
    private let targetTag: String?
    private let imageName: String?
    private let platforms: [Platform]
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - tag: what the one image is called; nil keeps the tags of the archive.
    ///   - imageName: which image is meant, as the archive calls it; nil for all of them.
    public init(
        to target: any Repository, tag: String?, imageName: String?, platforms: [Platform] = [],
        warn: @escaping (String) -> Void
    ) {
        self.target = target
        targetTag = tag
        self.imageName = imageName
        self.platforms = platforms
        self.warn = warn
    }

    /// - Returns: the descriptor of each image, in the order of the archive.
    /// - Throws: `ArchiveError`, `LayerError`, `VerificationError`, and what the target throws.
    public func load(_ input: InputStream) throws -> [Descriptor] {
        let contents = try ArchiveContents(input, to: target)
        let images: [ArchivedImage]
        let index = try contents.document(Array("index.json".utf8)).map {
            try OCIArchive(contents, target, platforms, warn: warn).images(of: $0)
        }
        if let index, !index.isEmpty {
            images = index
        } else if let manifest = contents.document(Array("manifest.json".utf8)) {
            // Docker leaves the index empty for an image that was saved by its ID.
            images = try DockerArchive(contents, target).images(of: manifest, platforms)
        } else if let index {
            images = index
        } else if contents.hasObsoleteImages {
            throw ArchiveError.obsolete(path: input.path)
        } else {
            throw ArchiveError.notAnArchive(path: input.path)
        }
        let chosen = try choose(images)
        for image in chosen { try publish(image, isOnly: chosen.count == 1) }
        return chosen.map(\.root.descriptor)
    }

    private func choose(_ images: [ArchivedImage]) throws(ArchiveError) -> [ArchivedImage] {
        let names = images.flatMap(\.names)
        var chosen = images
        if let imageName {
            chosen = images.filter { $0.names.contains { $0.isNamed(imageName) } }
        }
        guard !chosen.isEmpty else {
            throw .noSuchImage(name: imageName, names: names.map(\.text))
        }
        if chosen.count > 1 {
            let tags = chosen.flatMap { Set($0.names.compactMap(\.tag)) }
            guard targetTag == nil, Set(tags).count == tags.count else {
                throw .ambiguous(names: names.map(\.text))
            }
        }
        return chosen
    }

    private func publish(_ image: ArchivedImage, isOnly: Bool) throws {
        try image.store()
        var tags = Set(image.names.compactMap(\.tag)).sorted()
        if let targetTag { tags = [targetTag] }
        if tags.isEmpty {
            warn("no tag for '\(image.root.digest)'")
            try target.publish(image.root, tag: nil, check: nil)
        }
        for tag in tags { try target.publish(image.root, tag: tag, check: nil) }
    }
}

/// What an archive calls an image.
struct ArchivedName {
    let text: String

    /// What can be a tag at the target; nil for a name without one.
    var tag: String? {
        // Without a colon it is but a tag, as layouts have it.
        text.contains(":") || text.contains("/") ? reference(text)?.tag : text
    }

    /// Whether it is the name that a user gave, with or without Docker's defaults.
    func isNamed(_ name: String) -> Bool {
        if text == name { return true }
        guard let mine = reference(text), let other = reference(name) else { return false }
        return mine == other
    }

    private func reference(_ text: String) -> RegistryReference? {
        do {
            return try RegistryReference(text)
        } catch {
            return nil
        }
    }
}

/// An image of an archive, ready to be stored.
struct ArchivedImage {
    let root: RawManifest
    let names: [ArchivedName]
    /// Stores what `root` refers to.
    let store: () throws -> Void
}

/// An OCI layout in a tar.
struct OCIArchive {
    let contents: ArchiveContents
    private let target: any Repository
    private let platforms: [Platform]
    let warn: (String) -> Void

    /// - Parameter platforms: what is loaded of an image for several; all of it when empty.
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
    func images(of index: [UInt8]) throws -> [ArchivedImage] {
        let entries = try parsing("index.json") { () throws(JSONError) in
            try Index(JSONField(JSON.parse(index)), mediaType: .index).manifests
        }
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

    /// The images with these roots, of the platforms that are wanted.
    private func images(
        _ roots: [(raw: RawManifest, names: [ArchivedName])]
    ) throws -> [ArchivedImage] {
        var available: [Platform] = []
        // What several images have is stored once.
        var stored = StoredContent()
        let images = try roots.compactMap { root -> ArchivedImage? in
            let whole = try withoutMissing(root.raw)
            guard let chosen = try choose(platforms, of: whole, available: &available) else {
                return nil
            }
            return ArchivedImage(root: chosen, names: root.names) {
                try store(chosen, depth: 0, &stored)
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

    private struct StoredContent {
        var walk = IndexWalk()
        var blobs: Set<Digest> = []
    }

    private func store(_ raw: RawManifest, depth: Int, _ stored: inout StoredContent) throws {
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
        // What is published elsewhere by its URLs is in no archive.
        if blob.mediaType.isNondistributable { return }
        guard try target.hasBlob(blob.digest) else {
            throw ArchiveError.missing(subject: "blob '\(blob.digest)'")
        }
    }
}

/// What `docker save` writes: `manifest.json`, configs, and layers by any name.
struct DockerArchive {
    private let contents: ArchiveContents
    private let target: any Repository

    init(_ contents: ArchiveContents, _ target: any Repository) {
        self.contents = contents
        self.target = target
    }

    /// - Parameter platforms: those whose images are wanted; all of them when empty.
    func images(of manifest: [UInt8], _ platforms: [Platform]) throws -> [ArchivedImage] {
        let entries = try parsing("manifest.json") { () throws(JSONError) in
            try JSONField(JSON.parse(manifest)).elements().map { (field) throws(JSONError) in
                (
                    config: try field.required("Config").string(),
                    layers: try strings(field.member("Layers")),
                    tags: try strings(field.member("RepoTags"))
                )
            }
        }
        // Many names may have one config.
        var configs: [String: Config] = [:]
        var stored: Set<Digest> = []
        var available: [Platform] = []
        let images = try entries.compactMap { entry -> ArchivedImage? in
            let config = try configs[entry.config] ?? self.config(entry.config)
            configs[entry.config] = config
            available.append(config.platform)
            guard platforms.isEmpty || platforms.contains(where: { config.platform.satisfies($0) })
            else { return nil }
            return ArchivedImage(
                root: try root(config, entry.layers),
                names: entry.tags.map { ArchivedName(text: $0) }
            ) {
                guard stored.insert(config.blob.identity.digest).inserted else { return }
                _ = try target.writeBlob(config.blob, mountFrom: [])
            }
        }
        if images.isEmpty, let wanted = platforms.first {
            throw ArchiveError.noSuchPlatform(wanted, available: available.map(\.description))
        }
        return images
    }

    private struct Config {
        let blob: MemoryBlob
        let diffIDs: [Digest]
        let platform: Platform
    }

    private func config(_ path: String) throws -> Config {
        let bytes = try contents.requiredDocument(Array(path.utf8), "config \(quote(path))")
        let config = try parsing(path) { () throws(JSONError) in
            try ImageConfig(JSONField(JSON.parse(bytes)))
        }
        return Config(
            blob: MemoryBlob(bytes), diffIDs: config.diffIDs, platform: try config.platform())
    }

    private func strings(_ field: JSONField?) throws(JSONError) -> [String] {
        try (field?.elements() ?? []).map { (field) throws(JSONError) in try field.string() }
    }

    private func root(_ config: Config, _ layerPaths: [String]) throws -> RawManifest {
        guard config.diffIDs.count == layerPaths.count else {
            throw ArchiveError.layerCount(
                diffIDs: config.diffIDs.count, layers: layerPaths.count)
        }
        let identity = config.blob.identity
        var manifest = Manifest(
            config: Descriptor(mediaType: .config, digest: identity.digest, size: identity.size))
        manifest.setLayers(
            try zip(layerPaths, config.diffIDs).map { try layer($0, diffID: $1) })
        let bytes = manifest.storedBytes
        return RawManifest(bytes: bytes, mediaType: .manifest)
    }

    private func layer(_ path: String, diffID: Digest) throws -> Descriptor {
        if contents.isEmptyFile(Array(path.utf8)) { return try emptyLayer(path, diffID: diffID) }
        guard let blob = contents.blob(Array(path.utf8)) else {
            throw ArchiveError.missing(subject: "layer \(quote(path))")
        }
        guard let actual = blob.diffID else {
            // Named by its digest, and what it is uncompressed was not looked at.
            guard blob.descriptor.digest == diffID else {
                throw ArchiveError.notALayer(path: Path(path))
            }
            return Descriptor(mediaType: .layer, digest: diffID, size: blob.descriptor.size)
        }
        guard actual == diffID else {
            throw ArchiveError.diffID(path: Path(path), expected: diffID, actual: actual)
        }
        return blob.descriptor
    }

    /// An empty layer. Its diffID proves that it is whole, so it is stored at once.
    private func emptyLayer(_ path: String, diffID: Digest) throws -> Descriptor {
        let blob = MemoryBlob([])
        let actual = blob.identity.digest
        guard actual == diffID else {
            throw ArchiveError.diffID(path: Path(path), expected: diffID, actual: actual)
        }
        _ = try target.writeBlob(blob, mountFrom: [])
        return Descriptor(mediaType: .layer, digest: actual, size: 0)
    }
}

func parsing<Result>(
    _ document: String, _ body: () throws(JSONError) -> Result
) throws(ArchiveError) -> Result {
    do {
        return try body()
    } catch {
        throw .malformed(document: document, error)
    }
}

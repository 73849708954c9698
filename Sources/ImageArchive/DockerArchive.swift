import ByteStream
import Hashing
import ImageStore
import JSON
import OCI

/// The format of `docker save`: `manifest.json`, configs, and layers by any name.
package struct DockerArchive {
    private let contents: ArchiveContents
    private let target: any BlobWriter

    package init(_ contents: ArchiveContents, _ target: any BlobWriter) {
        self.contents = contents
        self.target = target
    }

    /// - Parameter platforms: the platforms to load; empty loads all.
    package func images(of manifest: [UInt8], _ platforms: [Platform]) throws -> [ArchivedImage] {
        let entries = try parsing("manifest.json") { () throws(JSONError) in
            try JSONField(JSON.parse(manifest)).elements().map { (field) throws(JSONError) in
                (
                    config: try field.required("Config").string(),
                    layers: try strings(field.member("Layers")),
                    tags: try strings(field.member("RepoTags"))
                )
            }
        }
        // Several images may share a config.
        var configs: [String: Config] = [:]
        var stored: Set<Digest> = []
        var available: [Platform] = []
        let images = try entries.compactMap { entry -> ArchivedImage? in
            let config = try configs[entry.config] ?? self.config(entry.config)
            configs[entry.config] = config
            available.append(config.platform)
            guard platforms.isEmpty || platforms.contains(where: { config.platform.satisfies($0) })
            else { return nil }
            let root = try root(config, entry.layers)
            return ArchivedImage(root: root, names: entry.tags.map { ArchivedName(text: $0) }) {
                if stored.insert(config.blob.identity.digest).inserted {
                    _ = try target.writeBlob(config.blob, mountFrom: [])
                }
                return [root.digest]
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
            // It was stored by its digest, and its diffID was not computed.
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

    /// An empty layer, whose diffID proves that it is complete. It is stored at once.
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

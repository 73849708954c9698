import ByteStream
import ImageStore
import JSON
import OCI
import Tar

/// Writes images as one tar for readers of Docker's and OCI's archives.
///
/// The documents that name the blobs come first, so that the tar can be read in one pass. Blobs are
/// streamed from where they are stored; their sizes are in their descriptors.
///
/// - Spec: image-spec v1.1.1, image-layout.md; Docker's image specification v1.2,
///   "Combined Image JSON + Filesystem Changeset Format".
public struct ArchiveWriter {
    /// An image and its names; each name has a tag.
    public struct NamedImage: Sendable {
        let collection: ImageCollection
        var names: [RegistryReference]
    }

    private let store: ImageStore
    private let output: OutputBuffer
    private let tar: TarWriter

    public init(_ store: ImageStore, to output: OutputBuffer) {
        self.store = store
        self.output = output
        tar = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
    }

    /// Assigns names to images: all names to a single image, or else one to each. A duplicate is
    /// one image with both names.
    ///
    /// - Throws: `ArchiveError.names` when there are more or fewer names than images.
    public static func images(
        _ collections: [ImageCollection], names: [RegistryReference]
    ) throws(ArchiveError) -> [NamedImage] {
        if collections.count == 1 {
            return collections.map { NamedImage(collection: $0, names: names) }
        }
        guard names.isEmpty || names.count == collections.count else {
            throw .names(count: names.count, images: collections.count)
        }
        var images: [NamedImage] = []
        var places: [Digest: Int] = [:]
        for (index, collection) in collections.enumerated() {
            let names = names.isEmpty ? [] : [names[index]]
            if let place = places[collection.root.digest] {
                images[place].names += names.filter { !images[place].names.contains($0) }
            } else {
                places[collection.root.digest] = images.count
                images.append(NamedImage(collection: collection, names: names))
            }
        }
        return images
    }

    /// Writes the whole archive.
    ///
    /// - Throws: `TarError`, `StoreError`, and what the places throw, including an error for a blob
    ///   that does not match its digest; then the tar has no end.
    public func write(_ images: [NamedImage]) throws {
        try write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), path: "oci-layout")
        let index = Index(manifests: try images.flatMap(indexEntries)).document
        try write(index.serialized(), path: "index.json")
        let dockerEntries = images.compactMap(dockerEntry)
        if !dockerEntries.isEmpty {
            try write(JSON.array(dockerEntries).serialized(), path: "manifest.json")
        }
        let collections = images.map(\.collection)
        try writeDirectories(collections)
        var written: Set<Digest> = []
        for manifest in collections.flatMap(allManifests)
        where written.insert(manifest.digest).inserted {
            try write(manifest.bytes, path: blobPath(manifest.digest))
        }
        for blob in collections.flatMap(\.blobs)
        where written.insert(blob.descriptor.digest).inserted {
            try write(blob)
        }
        try tar.finish()
    }

    /// The entries of `index.json`: the image once for each of its names, then its companions:
    /// referrers as in a list of referrers, and cosign's tags.
    private func indexEntries(of image: NamedImage) throws -> [Descriptor] {
        let root = image.collection.root.descriptor
        let entries = image.names.map { name in
            var descriptor = root
            descriptor[annotation: Annotation.containerdName] = name.description
            descriptor[annotation: Annotation.refName] = name.tag
            return descriptor
        }
        let companions = try image.collection.companions.map { companion in
            guard let tag = companion.tag else {
                return try parsing("manifest '\(companion.manifest.digest)'") {
                    () throws(JSONError) in try companion.manifest.referrer()
                }
            }
            var descriptor = companion.manifest.descriptor
            descriptor[annotation: Annotation.refName] = tag
            return descriptor
        }
        return (entries.isEmpty ? [root] : entries) + companions
    }

    /// The image in Docker's format: of several platforms, that of this machine, or else the first.
    /// nil for an artifact.
    private func dockerEntry(of image: NamedImage) -> JSON? {
        let images = image.collection.images
        let here = images.first { $0.platform?.satisfies(.current) ?? false }
        guard let manifest = (here ?? images.first)?.manifest else { return nil }
        var entry = JSONObject()
        entry["Config"] = .string(blobPath(manifest.config.digest))
        entry["RepoTags"] =
            image.names.isEmpty ? .null : .array(image.names.map { .string($0.familiarName) })
        entry["Layers"] = .array(manifest.layers.map { .string(blobPath($0.digest)) })
        return .object(entry)
    }

    private func allManifests(of collection: ImageCollection) -> [RawManifest] {
        collection.manifests + collection.companions.map(\.manifest)
    }

    private func blobPath(_ digest: Digest) -> String {
        "blobs/\(digest.algorithm.rawValue)/\(digest.encoded)"
    }

    private func writeDirectories(_ collections: [ImageCollection]) throws(TarError) {
        let digests = collections.flatMap {
            allManifests(of: $0).map(\.digest) + $0.blobs.map(\.descriptor.digest)
        }
        let algorithms = Set(digests.map(\.algorithm.rawValue)).sorted()
        for path in ["blobs/"] + algorithms.map({ "blobs/\($0)/" }) {
            try tar.write(TarEntry(kind: .directory, path: Array(path.utf8), mode: 0o755))
        }
    }

    private func write(_ bytes: [UInt8], path: String) throws {
        try tar.writeHeader(entry(path, size: UInt64(bytes.count)))
        try output.append(bytes)
        try output.appendZeros(tarPadding(after: UInt64(bytes.count)))
    }

    private func write(_ blob: ImageCollection.Blob) throws {
        let size = UInt64(blob.descriptor.size)
        try tar.writeHeader(entry(blobPath(blob.descriptor.digest), size: size))
        try store.readBlob(blob, into: BufferSink(output))
        try output.appendZeros(tarPadding(after: size))
    }

    private func entry(_ path: String, size: UInt64) -> TarEntry {
        TarEntry(kind: .file, path: Array(path.utf8), mode: 0o644, size: size)
    }
}

extension RegistryReference {
    /// The name as Docker shows it: without its default host and repository.
    var familiarName: String {
        for prefix in ["docker.io/library/", "docker.io/"] where description.hasPrefix(prefix) {
            return String(description.dropFirst(prefix.count))
        }
        return description
    }
}

/// An output as a sink.
private final class BufferSink: ByteSink {
    private let output: OutputBuffer

    init(_ output: OutputBuffer) {
        self.output = output
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try output.append(bytes) }
}

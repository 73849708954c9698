import ByteStream
import ImageStore
import JSON
import OCI
import Tar

/// Writes images as one tar that readers of Docker's and of OCI's archives take.
///
/// What names the blobs comes first, so that the tar can be read in one pass. Blobs are streamed from
/// where they are; their sizes are in their descriptors.
///
/// - Spec: image-spec v1.1.1, image-layout.md; Docker's image specification v1.2,
///   "Combined Image JSON + Filesystem Changeset Format".
public struct ArchiveWriter {
    private let store: ImageStore
    private let names: [RegistryReference]
    private let output: OutputBuffer
    private let tar: TarWriter

    /// - Parameter names: what the image is called; each has a tag.
    public init(_ store: ImageStore, names: [RegistryReference], to output: OutputBuffer) {
        self.store = store
        self.names = names
        self.output = output
        tar = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
    }

    /// Writes the whole archive.
    ///
    /// - Throws: `TarError`, `StoreError`, and what the places throw, a blob that does not match its
    ///   digest included; the tar then has no end.
    public func write(_ collection: ImageCollection) throws {
        try write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), path: "oci-layout")
        try write(index(of: collection).serialized(), path: "index.json")
        if let image = dockerImage(of: collection) {
            try write(dockerManifest(of: image).serialized(), path: "manifest.json")
        }
        try writeDirectories(collection)
        var written: Set<Digest> = []
        for manifest in allManifests(of: collection) where written.insert(manifest.digest).inserted
        {
            try write(manifest.bytes, path: blobPath(manifest.digest))
        }
        for blob in collection.blobs where written.insert(blob.descriptor.digest).inserted {
            try write(blob)
        }
        try tar.finish()
    }

    /// `index.json`: the image once for each of its names, then its companions: what is about
    /// something as a list of referrers has it, and cosign's under their tags.
    private func index(of collection: ImageCollection) throws -> JSONObject {
        let root = collection.root.descriptor
        var descriptors = names.map { name in
            var descriptor = root
            descriptor[annotation: Annotation.containerdName] = name.description
            descriptor[annotation: Annotation.refName] = name.tag
            return descriptor
        }
        if descriptors.isEmpty { descriptors = [root] }
        for companion in collection.companions {
            var descriptor = companion.manifest.descriptor
            if let tag = companion.tag {
                descriptor[annotation: Annotation.refName] = tag
            } else {
                descriptor = try parsing("manifest '\(descriptor.digest)'") {
                    () throws(JSONError) in try companion.manifest.referrer()
                }
            }
            descriptors.append(descriptor)
        }
        return Index(manifests: descriptors).document
    }

    /// The one image that Docker's format has room for: of several, the one that runs here, or the
    /// first.
    private func dockerImage(of collection: ImageCollection) -> Manifest? {
        let images = collection.images
        let here = images.first { $0.platform?.satisfies(.current) ?? false }
        return (here ?? images.first)?.manifest
    }

    private func dockerManifest(of image: Manifest) -> JSON {
        var entry = JSONObject()
        entry["Config"] = .string(blobPath(image.config.digest))
        entry["RepoTags"] =
            names.isEmpty ? .null : .array(names.map { .string($0.familiarName) })
        entry["Layers"] = .array(image.layers.map { .string(blobPath($0.digest)) })
        return .array([.object(entry)])
    }

    private func allManifests(of collection: ImageCollection) -> [RawManifest] {
        collection.manifests + collection.companions.map(\.manifest)
    }

    private func blobPath(_ digest: Digest) -> String {
        "blobs/\(digest.algorithm.rawValue)/\(digest.encoded)"
    }

    private func writeDirectories(_ collection: ImageCollection) throws(TarError) {
        let digests =
            allManifests(of: collection).map(\.digest) + collection.blobs.map(\.descriptor.digest)
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
    /// As Docker shows it: without its default host and repository.
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

import Hashing
import OCI

/// The documents and blobs that must be in a repository before a manifest.
struct Inventory {
    struct Blob: Sendable {
        let descriptor: Descriptor
        /// The bytes, when they are known.
        let bytes: [UInt8]?
        let sources: [Reference]
        /// Its name in messages, such as `layer 2 of 5 of the image`.
        let subject: String
        /// Whether it was most likely stored before its manifest was made. Then an existence check
        /// costs less than a mount that fails.
        var isLikelyThere = false
    }

    private(set) var blobs: [Blob] = []
    /// Manifests; each precedes the manifests that refer to it.
    var manifests: [RawManifest] = []
    private var digests: Set<Digest> = []

    /// - Parameter isBuilt: whether the highest layer was added by these tools.
    mutating func add(
        _ manifest: Manifest, subject: String, config: [UInt8]?, sources: [Reference],
        isBuilt: Bool = false
    ) {
        add(
            Blob(
                descriptor: manifest.config, bytes: config, sources: sources,
                subject: "config of \(subject)"))
        // The highest first: most often only that layer must be transferred.
        for (offset, layer) in manifest.layers.enumerated().reversed() {
            if layer.isForeign { continue }
            add(
                Blob(
                    descriptor: layer, bytes: layer.contentAtHand, sources: sources,
                    subject: "layer \(offset + 1) of \(manifest.layers.count) of \(subject)",
                    isLikelyThere: isBuilt && offset == manifest.layers.count - 1))
        }
    }

    /// Adds a blob that an index refers to.
    mutating func add(_ entry: Descriptor, subject: String, sources: [Reference]) {
        add(
            Blob(
                descriptor: entry, bytes: entry.contentAtHand, sources: sources, subject: subject))
    }

    private mutating func add(_ blob: Blob) {
        if digests.insert(blob.descriptor.digest).inserted { blobs.append(blob) }
    }
}

extension Descriptor {
    /// Whether it is a layer that is fetched from its `urls` and not pushed.
    ///
    /// - Spec: image-spec v1.1.1, layer.md, Non-Distributable Layers.
    fileprivate var isForeign: Bool {
        mediaType.isNondistributable && document["urls"]?.elements?.isEmpty == false
    }

    /// The content when it need not be fetched: embedded, the empty JSON object, or no bytes; nil
    /// otherwise, or when it does not match the digest.
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

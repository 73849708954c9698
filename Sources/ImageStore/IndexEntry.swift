import Hashing
import JSON
import OCI

/// The entry of an image in a new index over several images.
struct IndexEntry {
    let descriptor: Descriptor
    private let platform: Platform?
    /// The digest of the entry by which the image was fetched, and the digest of its index.
    private let origin: [Digest]?

    /// An index over images, in their order, in OCI's format, or in Docker's when all images are
    /// Docker's.
    ///
    /// An image that was fetched by an index entry keeps the fields of that entry.
    /// - Throws: `StoreError.duplicatePlatform`, `.malformed`.
    static func index(
        over images: [Image], _ children: [PushContent.Child],
        _ annotations: [KeyValue]
    ) throws(StoreError) -> RawManifest {
        let isDocker = children.allSatisfy { $0.stored.mediaType == .dockerManifest }
        var entries: [IndexEntry] = []
        for (image, child) in zip(images, children) {
            let entry = try IndexEntry(image, child, isDocker: isDocker)
            if let first = entries.firstIndex(where: { $0.isTaken(by: entry) }) {
                throw .duplicatePlatform(
                    entry.platform?.description ?? "", first: first + 1, second: entries.count + 1)
            }
            entries.append(entry)
        }
        let mediaType: MediaType = isDocker ? .dockerManifestList : .index
        var index = Index(manifests: entries.map(\.descriptor), mediaType: mediaType)
        index.annotate(annotations)
        return RawManifest(bytes: index.storedBytes, mediaType: mediaType)
    }

    /// Splits images into groups that can be one index each: an image without a platform, or of one
    /// that the group has already, begins a new group.
    ///
    /// - Throws: `StoreError.malformed`.
    static func groups(_ images: [Image]) throws(StoreError) -> [[Image]] {
        var groups: [[Image]] = []
        var entries: [IndexEntry] = []
        for image in images {
            let child = PushContent.child(image, annotations: [], subject: "the image")
            let entry = try IndexEntry(image, child, isDocker: false)
            let isOther = entries.contains {
                $0.platform == nil || entry.platform == nil || $0.isTaken(by: entry)
            }
            if groups.isEmpty || isOther {
                groups.append([])
                entries = []
            }
            groups[groups.count - 1].append(image)
            entries.append(entry)
        }
        return groups
    }

    private init(
        _ image: Image, _ child: PushContent.Child, isDocker: Bool
    ) throws(StoreError) {
        let stored = child.stored.descriptor
        guard image.manifest.config.mediaType.isImageConfig else {
            (descriptor, platform, origin) = (stored, nil, nil)
            return
        }
        let former = image.manifest.entry?.withoutNames
        let stated = former?.platform.flatMap { $0.isMissing ? nil : $0 }
        let own = try image.platform(subject: child.subject)
        let platform = stated ?? (own.isMissing ? nil : own)
        var document = stored.document
        document["platform"] = (platform?.document).map { .object($0) }
        if let former {
            if stated != nil { document["platform"] = former.document["platform"] }
            document["annotations"] = isDocker ? nil : former.document["annotations"]
        }
        if !isDocker {
            let isZstd = child.manifest.layers.contains {
                $0.mediaType.layerCompression == .zstd
            }
            document[annotation: Annotation.zstdCompression] = isZstd ? "true" : nil
        }
        descriptor = try parsing(child.subject) { [document] () throws(JSONError) in
            try Descriptor(JSONField(.object(document)))
        }
        self.platform = platform
        origin = image.manifest.source?.digest.flatMap { source in
            former.map { [source, $0.digest] }
        }
    }

    /// Whether an index cannot have both, because a reader could not choose between them.
    ///
    /// Two images of one platform are allowed when their entries differ, or when one index had
    /// both.
    private func isTaken(by other: IndexEntry) -> Bool {
        guard let platform, let otherPlatform = other.platform,
            platform.normalized == otherPlatform.normalized,
            descriptor.document["annotations"] == other.descriptor.document["annotations"]
        else { return false }
        guard let origin, let otherOrigin = other.origin else { return true }
        return origin[0] != otherOrigin[0] || origin[1] == otherOrigin[1]
    }
}

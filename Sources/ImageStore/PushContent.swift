import Hashing
import JSON
import OCI

/// What one run pushes: a manifest or index, and what is needed to have all it refers to.
public struct PushContent: Sendable {
    /// What the tag will stand for.
    public let root: RawManifest
    /// The images of `root`, when they came as image lines; else it is walked where it comes from.
    let images: [Child]

    /// Whether it is no image, or says something about another manifest: an SBOM, a signature.
    public let isArtifact: Bool

    /// An image with the manifest as it is stored.
    struct Child: Sendable {
        let stored: RawManifest
        let manifest: Manifest
        let configBytes: [UInt8]
        /// Where its blobs may be.
        let base: Reference?
        /// What messages call it.
        let subject: String
    }

    /// Images of image lines: one, or with `asIndex` or when there are several, an index over them.
    ///
    /// Embedded configs and what only image lines have are left out, and so is the name of a base in
    /// a layout: a path means nothing elsewhere, and would make the digest depend on it.
    ///
    /// - Precondition: there is at least one image.
    /// - Throws: `StoreError.duplicatePlatform`, `.malformed`, `.tooLarge`.
    public init(
        images: [Image], asIndex: Bool, annotations: [(key: String, value: String)]
    ) throws(StoreError) {
        precondition(!images.isEmpty)
        let isIndex = asIndex || images.count > 1
        var children: [Child] = []
        for (offset, image) in images.enumerated() {
            children.append(
                PushContent.child(
                    image, annotations: isIndex ? [] : annotations,
                    subject: images.count > 1 ? "image \(offset + 1)" : "the image"))
        }
        self.images = children
        isArtifact = !isIndex && images[0].manifest.isArtifact
        root =
            isIndex
            ? try PushContent.index(over: images, children, annotations) : children[0].stored
        for manifest in children.map(\.stored) + [root] { try PushContent.checkSize(manifest) }
    }

    /// A manifest or index as it is: byte for byte, unless annotations are added.
    ///
    /// - Throws: `StoreError.malformed` when it is neither, `.tooLarge`.
    public init(
        raw bytes: [UInt8], annotations: [(key: String, value: String)], subject: String
    ) throws(StoreError) {
        (root, isArtifact) = try parsing(subject) { () throws(JSONError) in
            let mediaType = try RawManifest.mediaType(of: bytes)
            let field = JSONField(try JSON.parse(bytes))
            let isArtifact =
                mediaType.isIndex
                ? try Index(field).subject != nil : try Manifest(field).isArtifact
            var bytes = bytes
            if !annotations.isEmpty {
                var document = try field.object()
                for (key, value) in annotations { document[annotation: JSONString(key)] = value }
                bytes = document.serialized()
            }
            return (
                RawManifest(bytes: bytes, mediaType: mediaType, digest: .of(bytes)),
                isArtifact
            )
        }
        images = []
        try PushContent.checkSize(root)
    }

    private static func checkSize(_ manifest: RawManifest) throws(StoreError) {
        let limit = DocumentLimit.manifestByteCount
        guard manifest.bytes.count <= limit else {
            throw .tooLarge(
                subject: "manifest", size: Int64(manifest.bytes.count), limit: limit)
        }
    }

    private static func child(
        _ image: Image, annotations: [(key: String, value: String)], subject: String
    ) -> Child {
        var manifest = image.manifest
        let base = image.source
        if case .layout = base { manifest[annotation: Annotation.baseName] = nil }
        for (key, value) in annotations { manifest[annotation: JSONString(key)] = value }
        let bytes = manifest.storedBytes
        return Child(
            stored: RawManifest(bytes: bytes, mediaType: manifest.mediaType, digest: .of(bytes)),
            manifest: manifest, configBytes: image.configBytes, base: base, subject: subject)
    }

    private static func index(
        over images: [Image], _ children: [Child], _ annotations: [(key: String, value: String)]
    ) throws(StoreError) -> RawManifest {
        var entries: [Descriptor] = []
        var platforms: [Platform: Int] = [:]
        for (offset, (image, child)) in zip(images, children).enumerated() {
            guard image.manifest.config.mediaType.isImageConfig else {
                entries.append(child.stored.descriptor)
                continue
            }
            let platform = try image.platform(subject: child.subject)
            if let present = platforms.updateValue(offset + 1, forKey: platform.comparable) {
                throw .duplicatePlatform(platform.description, first: present, second: offset + 1)
            }
            entries.append(
                try parsing(child.subject) { () throws(JSONError) in
                    try child.stored.descriptor.withPlatform(platform)
                })
        }
        let isDocker = children.allSatisfy { $0.stored.mediaType == .dockerManifest }
        var index = Index(manifests: entries).document
        let mediaType: MediaType = isDocker ? .dockerManifestList : .index
        index["mediaType"] = .string(mediaType.rawValue)
        for (key, value) in annotations { index[annotation: JSONString(key)] = value }
        let bytes = index.serialized()
        return RawManifest(bytes: bytes, mediaType: mediaType, digest: .of(bytes))
    }
}

extension Manifest {
    fileprivate var isArtifact: Bool { subject != nil || !config.mediaType.isImageConfig }
}

extension Image {
    /// Where the image says that its blobs are; nil for what someone else wrote there and is not a
    /// reference.
    public var source: Reference? {
        guard let name = manifest[annotation: Annotation.baseName] else { return nil }
        do {
            return try Reference(name)
        } catch {
            return nil
        }
    }
}

extension Descriptor {
    fileprivate func withPlatform(_ platform: Platform) throws(JSONError) -> Descriptor {
        var document = document
        document["platform"] = .object(platform.document)
        return try Descriptor(JSONField(.object(document)))
    }
}

extension Platform {
    /// The platform in one spelling: arm64 is v8.
    fileprivate var comparable: Platform {
        var copy = self
        if architecture == "arm64" && variant == nil { copy.variant = "v8" }
        copy.osFeatures.sort()
        return copy
    }
}

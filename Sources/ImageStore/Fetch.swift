import ByteStream
import Hashing
import JSON
import OCI

extension ImageStore {
    /// The image that a reference names, or the images of an index that `choice` selects.
    ///
    /// Manifests and configs are checked against their digests. Annotations that are never pushed
    /// record where each image came from.
    ///
    /// - Throws: `StoreError`, `VerificationError`, and what the place throws.
    public func images(
        of reference: Reference, platform choice: PlatformChoice
    ) throws -> [Image] {
        if case .scratch = reference { return choice.platforms.map(emptyImage) }
        let repository = try repository(for: reference)
        let root = try root(of: reference)
        guard root.raw.mediaType.isIndex else {
            let image = try image(root.raw, in: repository)
            try check(image, of: reference, against: choice)
            return [recorded(image, from: reference, root, root.raw)]
        }
        let entries = try entries(of: root.raw, in: repository, reference)
        let chosen = try choose(choice, from: entries, in: repository, reference)
        if chosen.count > 1 { try checkConfigSizes(chosen.map(\.raw), of: reference) }
        let platforms = entries.images.compactMap(\.platform)
        return try concurrently(chosen) { (found: FoundManifest, _) in
            try self.recorded(
                self.image(found.raw, in: repository), from: reference, root, found.raw,
                entry: found.entry, platforms: platforms)
        }
    }

    /// Checks the total size of the configs of several images, which are all in memory at once.
    private func checkConfigSizes(
        _ manifests: [RawManifest], of reference: Reference
    ) throws(StoreError) {
        let limit = DocumentLimit.indexByteCount
        var byteCount: Int64 = 0
        for raw in manifests {
            let size = try raw.parsedManifest().config.size
            let (sum, overflow) = byteCount.addingReportingOverflow(size)
            byteCount = overflow ? .max : sum
            guard byteCount <= Int64(limit) else {
                throw .tooLarge(
                    subject: "configs of \(quote(reference.description)) together",
                    size: byteCount, limit: limit)
            }
        }
    }

    private func recorded(
        _ image: Image, from reference: Reference, _ root: Root, _ raw: RawManifest,
        entry: Descriptor? = nil, platforms: [Platform] = []
    ) -> Image {
        var image = image
        let digest = root.isStored ? root.raw.digest : raw.digest
        image.record(
            source: reference.withDigest(digest), raw: raw, entry: entry, platforms: platforms)
        return image
    }

    /// The exact bytes of the manifest that a reference names, or of the image of one platform. For
    /// several platforms it is the index with only their entries.
    ///
    /// - Throws: `StoreError`, and what the place throws.
    public func rawManifest(
        of reference: Reference, platform choice: PlatformChoice?
    ) throws -> [UInt8] {
        let root = try root(of: reference).raw
        guard let choice, choice != .all else { return root.bytes }
        let repository = try repository(for: reference)
        guard root.mediaType.isIndex else {
            try check(image(root, in: repository), of: reference, against: choice)
            return root.bytes
        }
        let entries = try entries(of: root, in: repository, reference)
        let chosen = try choose(choice, from: entries, in: repository, reference)
        if chosen.count == 1 { return chosen[0].raw.bytes }
        var index = try root.parsedIndex()
        index.setManifests(chosen.map(\.entry))
        return index.storedBytes
    }

    /// The exact bytes of an image's config.
    ///
    /// - Throws: `StoreError`, `VerificationError`, and what the place throws.
    public func configBytes(
        of reference: Reference, platform choice: PlatformChoice
    ) throws -> [UInt8] {
        try images(of: reference, platform: choice).flatMap(\.configBytes)
    }

    /// An image's config as it is stored.
    ///
    /// - Parameter subject: its name in messages.
    func configBytes(
        of manifest: Manifest, in repository: any Repository, subject: String
    ) throws -> [UInt8] {
        let limit = DocumentLimit.configByteCount
        guard manifest.config.size <= Int64(limit) else {
            throw StoreError.tooLarge(subject: subject, size: manifest.config.size, limit: limit)
        }
        let sink = MemorySink(limit: limit, subject: Path(subject))
        try repository.readBlob(manifest.config, into: sink)
        return sink.bytes
    }

    private func emptyImage(for platform: Platform) -> Image {
        let bytes = ImageConfig(platform: platform).bytes
        let config = Descriptor(.config, of: bytes)
        return Image(manifest: Manifest(config: config), configBytes: bytes)
    }

    func image(_ raw: RawManifest, in repository: any Repository) throws -> Image {
        let subject = "manifest '\(raw.digest)' of \(quote(repository.name))"
        let manifest = try parsing(subject) { () throws(JSONError) in try raw.manifest() }
        let bytes = try configBytes(
            of: manifest, in: repository, subject: "config of \(subject)")
        return Image(manifest: manifest, configBytes: bytes)
    }

    /// Checks an image without an index against the requested platforms; an artifact has no
    /// platform.
    private func check(
        _ image: Image, of reference: Reference, against choice: PlatformChoice
    ) throws {
        guard choice != .all, image.manifest.config.mediaType.isImageConfig else { return }
        let platform = try image.platform(subject: quote(reference.description))
        for wanted in choice.platforms where !platform.satisfies(wanted) {
            if case .listed = choice {
                throw StoreError.noSuchPlatform(
                    reference, wanted: wanted, available: [platform.description])
            }
            warn(
                platform.isMissing
                    ? "\(quote(reference.description)) does not say what platform it is for"
                    : "\(quote(reference.description)) is for '\(platform)', not for '\(wanted)'")
        }
    }
}

extension Image {
    /// The platform in the config.
    func platform(subject: String) throws(StoreError) -> Platform {
        try parsing("config of \(subject)") { () throws(JSONError) in
            try ImageConfig(JSONField(JSON.parse(configBytes))).platform()
        }
    }
}

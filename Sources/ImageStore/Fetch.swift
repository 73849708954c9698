import ByteStream
import Hashing
import JSON
import OCI

/// Which images of an index are wanted.
public enum PlatformChoice: Hashable, Sendable {
    /// The one that runs there. An image beside no other is taken whatever it runs on.
    case implied(Platform)
    /// The one that runs there, and no other.
    case one(Platform)
    case all
}

extension ImageStore {
    /// The images that a reference names, in the order of its index.
    ///
    /// Manifests and configs are checked against their digests. With `recordBase`, each manifest says
    /// where it came from, in the standard annotations.
    ///
    /// - Throws: `StoreError`, `VerificationError`, and what the place throws.
    public func images(
        of reference: Reference, platform choice: PlatformChoice, recordBase: Bool = true
    ) throws -> [Image] {
        if case .scratch = reference { return [emptyImage(for: choice)] }
        let repository = try repository(for: reference)
        let root = try manifest(of: reference)
        let manifests = try manifests(of: root, reference, in: repository, platform: choice)
        if manifests.count > 1 { try checkConfigSizes(manifests, of: reference) }
        var images = try concurrently(manifests) { (raw: RawManifest, _) in
            try self.image(raw, in: repository)
        }
        if !root.mediaType.isIndex, let image = images.first {
            try check(image, of: reference, against: choice)
        }
        if !recordBase { return images }
        for index in images.indices {
            images[index].manifest[annotation: Annotation.baseName] = reference.imageName
            images[index].manifest[annotation: Annotation.baseDigest] =
                manifests[index].digest.description
        }
        return images
    }

    /// Checks that the configs of several images, which are all held at once, have a limited size.
    private func checkConfigSizes(
        _ manifests: [RawManifest], of reference: Reference
    ) throws(StoreError) {
        let limit = DocumentLimit.indexByteCount
        var byteCount: Int64 = 0
        for raw in manifests {
            let size = try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
                try raw.manifest().config.size
            }
            let (sum, overflow) = byteCount.addingReportingOverflow(size)
            byteCount = overflow ? .max : sum
            guard byteCount <= Int64(limit) else {
                throw .tooLarge(
                    subject: "configs of \(quote(reference.description)) together",
                    size: byteCount, limit: limit)
            }
        }
    }

    /// The stored manifests of a root: itself, or those of the index that it is.
    ///
    /// A manifest that stands by itself is not checked against the platform.
    func manifests(
        of root: RawManifest, _ reference: Reference, in repository: any Repository,
        platform choice: PlatformChoice
    ) throws -> [RawManifest] {
        guard root.mediaType.isIndex else { return [root] }
        var walk = IndexWalk()
        let entries = try entries(of: root, in: repository, reference, depth: 0, &walk)
        switch choice {
        case .all:
            if entries.isEmpty { throw StoreError.noImage(reference) }
            return try concurrently(entries) { (entry: Descriptor, _) in
                try self.child(entry, in: repository)
            }
        case .implied(let wanted), .one(let wanted):
            return [try select(wanted, from: entries, in: repository, reference)]
        }
    }

    /// The exact bytes of the manifest that a reference names; with a platform, of that image's.
    ///
    /// - Throws: `StoreError`, and what the place throws.
    public func rawManifest(
        of reference: Reference, platform choice: PlatformChoice?
    ) throws -> [UInt8] {
        let root = try manifest(of: reference)
        guard let choice, choice != .all else { return root.bytes }
        let repository = try repository(for: reference)
        let manifests = try manifests(of: root, reference, in: repository, platform: choice)
        if !root.mediaType.isIndex {
            try check(image(root, in: repository), of: reference, against: choice)
        }
        return manifests.flatMap(\.bytes)
    }

    /// The exact bytes of an image's config.
    ///
    /// - Throws: `StoreError`, `VerificationError`, and what the place throws.
    public func configBytes(
        of reference: Reference, platform choice: PlatformChoice
    ) throws -> [UInt8] {
        try images(of: reference, platform: choice, recordBase: false).flatMap(\.configBytes)
    }

    /// An image's config as it is stored.
    ///
    /// - Parameter subject: what messages call it.
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

    private func emptyImage(for choice: PlatformChoice) -> Image {
        let platform =
            switch choice {
            case .implied(let platform), .one(let platform): platform
            case .all: Platform.current
            }
        let bytes = ImageConfig(platform: platform).bytes
        let config = Descriptor(
            mediaType: .config, digest: .of(bytes), size: Int64(bytes.count))
        return Image(manifest: Manifest(config: config), configBytes: bytes)
    }

    private func image(_ raw: RawManifest, in repository: any Repository) throws -> Image {
        let subject = "manifest '\(raw.digest)' of \(quote(repository.name))"
        let manifest = try parsing(subject) { () throws(JSONError) in try raw.manifest() }
        let bytes = try configBytes(
            of: manifest, in: repository, subject: "config of \(subject)")
        return Image(manifest: manifest, configBytes: bytes)
    }

    /// Checks an image that stands by itself against the platform asked for; an artifact has none.
    private func check(
        _ image: Image, of reference: Reference, against choice: PlatformChoice
    ) throws {
        let wanted: Platform
        switch choice {
        case .all: return
        case .implied(let platform), .one(let platform): wanted = platform
        }
        guard image.manifest.config.mediaType.isImageConfig else { return }
        let platform = try image.platform(subject: quote(reference.description))
        if platform.satisfies(wanted) { return }
        if case .one = choice {
            throw StoreError.noSuchPlatform(
                reference, wanted: wanted, available: [platform.description])
        }
        warn("\(quote(reference.description)) is for '\(platform)', not for '\(wanted)'")
    }

    /// What the config of an image says it runs on; nil for an artifact.
    private func platform(of image: Image) throws(StoreError) -> Platform? {
        guard image.manifest.config.mediaType.isImageConfig else { return nil }
        return try image.platform(subject: "image '\(image.manifest.config.digest)'")
    }

    /// The images of an index and of those inside it, each once, without attestations.
    private func entries(
        of raw: RawManifest, in repository: any Repository, _ reference: Reference, depth: Int,
        _ walk: inout IndexWalk
    ) throws -> [Descriptor] {
        guard depth < DocumentLimit.indexDepth else {
            throw StoreError.nestedTooDeep(reference)
        }
        let new = try parsing("index '\(raw.digest)'") { () throws(JSONError) in
            try walk.newEntries(of: raw.index(), depth: depth)
        }
        var entries: [Descriptor] = []
        for entry in new {
            if entry.platform?.isUnknown ?? false {
                trace("not an image: '\(entry.digest)', an attestation")
            } else if entry.mediaType.isIndex {
                let inner = try child(entry, in: repository)
                entries += try self.entries(
                    of: inner, in: repository, reference, depth: depth + 1, &walk)
            } else if entry.mediaType.isSchema1 {
                throw StoreError.schema1(reference)
            } else if entry.mediaType.isManifest {
                entries.append(entry)
            } else {
                trace("not an image: '\(entry.digest)', \(quote(entry.mediaType.rawValue))")
            }
        }
        return entries
    }

    private func select(
        _ wanted: Platform, from entries: [Descriptor], in repository: any Repository,
        _ reference: Reference
    ) throws -> RawManifest {
        let matching = entries.filter { $0.platform?.satisfies(wanted) ?? false }
        if let entry = matching.first(where: { $0.platform?.variant == wanted.variant })
            ?? matching.first
        {
            return try child(entry, in: repository)
        }
        var available = entries.compactMap { $0.platform?.description }
        for entry in entries where entry.platform == nil {
            let raw = try child(entry, in: repository)
            guard let platform = try platform(of: image(raw, in: repository)) else { continue }
            if platform.satisfies(wanted) { return raw }
            available.append(platform.description)
        }
        throw StoreError.noSuchPlatform(reference, wanted: wanted, available: available)
    }

    /// The manifest of an entry of an index.
    private func child(
        _ entry: Descriptor, in repository: any Repository
    ) throws -> RawManifest {
        guard let raw = try repository.manifest(.digest(entry.digest)) else {
            throw StoreError.noSuchEntry(entry.digest, entry.platform, place: repository.name)
        }
        guard Int64(raw.bytes.count) == entry.size else {
            throw StoreError.sizeMismatch(
                subject: "manifest '\(entry.digest)'", expected: entry.size,
                actual: Int64(raw.bytes.count))
        }
        return raw
    }
}

extension Image {
    /// What the config says that the image runs on.
    func platform(subject: String) throws(StoreError) -> Platform {
        try parsing("config of \(subject)") { () throws(JSONError) in
            try ImageConfig(JSONField(JSON.parse(configBytes))).platform()
        }
    }
}

/// Runs `body`, naming the document in what it throws.
func parsing<Result>(
    _ subject: String, _ body: () throws(JSONError) -> Result
) throws(StoreError) -> Result {
    do {
        return try body()
    } catch {
        throw .malformed(subject: subject, error)
    }
}

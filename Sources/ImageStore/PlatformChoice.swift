import ByteStream
import JSON
import OCI

/// The images of an index that are selected.
public enum PlatformChoice: Hashable, Sendable {
    /// The image for this platform. An image without an index is accepted for any platform.
    case implied(Platform)
    /// An image for each platform, in that order; each must exist.
    case listed([Platform])
    case all

    public static func one(_ platform: Platform) -> PlatformChoice { .listed([platform]) }

    /// The requested platforms; for `all`, that of this machine.
    var platforms: [Platform] {
        switch self {
        case .implied(let platform): [platform]
        case .listed(let platforms): platforms
        case .all: [.current]
        }
    }
}

/// A manifest, and the index entry by which it was found.
struct FoundManifest: Sendable {
    let entry: Descriptor
    let raw: RawManifest
}

/// The entries of an index and of its nested indexes.
struct IndexEntries {
    /// Entries that may be images, each once.
    var images: [Descriptor] = []
    /// Whether an entry of the obsolete schema 1 was skipped.
    var hasSchema1 = false
}

extension ImageStore {
    /// The requested images, in the order of the request, each once.
    ///
    /// Artifacts are selected only when there is no image.
    func choose(
        _ choice: PlatformChoice, from entries: IndexEntries, in repository: any Repository,
        _ reference: Reference
    ) throws -> [FoundManifest] {
        guard choice != .all else {
            let found = try concurrently(entries.images) { (entry: Descriptor, _) in
                FoundManifest(entry: entry, raw: try self.child(entry, in: repository))
            }
            let images = try found.filter { try isImage($0.raw) }
            if found.isEmpty {
                throw entries.hasSchema1
                    ? StoreError.schema1(reference) : StoreError.noImage(reference)
            }
            return images.isEmpty ? found : images
        }
        var chosen: [FoundManifest] = []
        for platform in choice.platforms {
            let found = try select(platform, from: entries, in: repository, reference)
            if !chosen.contains(where: { $0.entry == found.entry }) { chosen.append(found) }
        }
        return chosen
    }

    /// The best image for a platform; the first of equally good ones.
    private func select(
        _ wanted: Platform, from entries: IndexEntries, in repository: any Repository,
        _ reference: Reference
    ) throws -> FoundManifest {
        var ranked: [(rank: Int, entry: Descriptor)] = []
        var available: [Platform] = []
        for entry in entries.images {
            guard let platform = try platform(of: entry, in: repository) else { continue }
            available.append(platform)
            if let rank = platform.rank(for: wanted) { ranked.append((rank, entry)) }
        }
        var artifact: FoundManifest?
        // Equal ranks stay in the order of the index.
        let ordered = ranked.enumerated().sorted {
            ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
        }
        for (_, candidate) in ordered {
            let raw = try child(candidate.entry, in: repository)
            let found = FoundManifest(entry: candidate.entry, raw: raw)
            if try isImage(raw) { return found }
            artifact = artifact ?? found
        }
        if let artifact { return artifact }
        if entries.images.isEmpty, entries.hasSchema1 { throw StoreError.schema1(reference) }
        throw StoreError.noSuchPlatform(
            reference, wanted: wanted, available: available.map(\.description))
    }

    /// The platform of an entry, or else of its config; nil for an artifact without a platform.
    private func platform(
        of entry: Descriptor, in repository: any Repository
    ) throws -> Platform? {
        if let platform = entry.platform, !platform.isMissing { return platform }
        let raw = try child(entry, in: repository)
        guard try isImage(raw) else { return nil }
        return try image(raw, in: repository).platform(subject: "image '\(entry.digest)'")
    }

    private func isImage(_ raw: RawManifest) throws(StoreError) -> Bool {
        let manifest = try raw.parsedManifest()
        return manifest.config.mediaType.isImageConfig
    }

    /// The images of an index and of its nested indexes, without attestations, caches and
    /// artifacts.
    func entries(
        of raw: RawManifest, in repository: any Repository, _ reference: Reference
    ) throws -> IndexEntries {
        var walk = IndexWalk()
        return try entries(of: raw, in: repository, reference, depth: 0, &walk)
    }

    private func entries(
        of raw: RawManifest, in repository: any Repository, _ reference: Reference, depth: Int,
        _ walk: inout IndexWalk
    ) throws -> IndexEntries {
        guard depth < DocumentLimit.indexDepth else {
            throw StoreError.nestedTooDeep(reference)
        }
        let new = try parsing("index '\(raw.digest)'") { () throws(JSONError) in
            try walk.newEntries(of: raw.index(), depth: depth)
        }
        var entries = IndexEntries()
        for entry in new {
            if entry.isNoImage {
                trace("not an image: '\(entry.digest)', an attestation or artifact")
            } else if entry.mediaType.isIndex {
                let inner = try child(entry, in: repository)
                let nested = try self.entries(
                    of: inner, in: repository, reference, depth: depth + 1, &walk)
                entries.images += nested.images
                entries.hasSchema1 = entries.hasSchema1 || nested.hasSchema1
            } else if entry.mediaType.isSchema1 {
                trace("not an image: '\(entry.digest)', of the obsolete schema 1")
                entries.hasSchema1 = true
            } else if entry.mediaType.isManifest {
                entries.images.append(entry)
            } else {
                trace("not an image: '\(entry.digest)', \(quote(entry.mediaType.rawValue))")
            }
        }
        return entries
    }

    /// The manifest of an entry of an index.
    func child(_ entry: Descriptor, in repository: any Repository) throws -> RawManifest {
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

import JSON
import OCI

/// Makes the inventory of a manifest or index from its bytes.
struct ManifestWalk: Sendable {
    let store: ImageStore
    let target: any Repository
    let sources: [Reference]
    /// Whether a manifest that the target has proves that its blobs are there.
    let trustsTarget: Bool
    private var walk = IndexWalk()

    init(
        store: ImageStore, target: any Repository, sources: [Reference], trustsTarget: Bool
    ) {
        self.store = store
        self.target = target
        self.sources = sources
        self.trustsTarget = trustsTarget
    }

    mutating func add(
        _ raw: RawManifest, subject: String, depth: Int, to inventory: inout Inventory
    ) throws {
        if raw.mediaType.isIndex {
            let index = try parsing(subject) { () throws(JSONError) in try raw.index() }
            let entries = try parsing(subject) { () throws(JSONError) in
                try walk.newEntries(of: index, depth: depth)
            }
            let items = entries.enumerated().map { offset, entry in
                let name = entry.platform.map { " for '\($0)'" } ?? ""
                return Item(
                    entry: entry, number: offset + 1,
                    subject: "manifest \(offset + 1) of \(entries.count)\(name)")
            }
            let children = try concurrently(items) { [self] (item: Item, _) in try fetch(item) }
            for (item, child) in zip(items, children) {
                switch child {
                case .blob:
                    inventory.add(
                        item.entry, subject: "blob \(item.number) of \(items.count)",
                        sources: sources)
                case .held: continue
                case .manifest(let child):
                    try add(child, subject: item.subject, depth: depth + 1, to: &inventory)
                    inventory.manifests.append(child)
                }
            }
        } else if raw.mediaType.isManifest {
            let manifest = try parsing(subject) { () throws(JSONError) in try raw.manifest() }
            inventory.add(
                manifest, subject: subject, config: manifest.config.contentAtHand,
                sources: sources)
        }
    }

    private struct Item: Sendable {
        let entry: Descriptor
        let number: Int
        let subject: String
    }

    /// Manifests of an index.
    private enum Child: Sendable {
        case blob
        /// The target has the manifest and all its blobs.
        case held
        case manifest(RawManifest)
    }

    /// Whether an entry of an index is a blob, as in BuildKit's caches.
    ///
    /// A known media type decides. For other types, it is a blob when one of the places has it as a
    /// blob.
    /// - Spec: image-spec v1.1.1, image-index.md, `mediaType`.
    private func isBlob(_ entry: Descriptor) throws -> Bool {
        let type = entry.mediaType
        if type.isIndex || type.isManifest || type.isSchema1 { return false }
        if type.layerCompression != nil { return true }
        for place in try [target] + sources.map({ try store.repository(for: $0) })
        where try place.hasBlob(entry.digest) {
            return true
        }
        return false
    }

    /// Fetches a manifest of an index, from the target or else from the sources of its blobs.
    private func fetch(_ item: Item) throws -> Child {
        let entry = item.entry
        if try isBlob(entry) { return .blob }
        var places = try sources.map { try store.repository(for: $0) }
        if !trustsTarget {
            places.insert(target, at: 0)
        } else if try target.digestBeforePush(.digest(entry.digest)) == entry.digest {
            return .held
        }
        for place in places {
            if let found = try place.manifest(.digest(entry.digest)) {
                // The index entry decides the media type, not the place.
                return .manifest(
                    RawManifest(
                        verifiedBytes: found.bytes, mediaType: entry.mediaType, digest: found.digest
                    ))
            }
        }
        throw store.missing(item.subject, entry.digest, in: sources, target: target.name)
    }
}

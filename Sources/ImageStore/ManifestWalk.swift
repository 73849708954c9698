import JSON
import OCI

/// Takes stock of a manifest or index that came as bytes.
struct ManifestWalk {
    let store: ImageStore
    let target: any Repository
    let sources: [Reference]
    private var walk = IndexWalk()

    init(store: ImageStore, target: any Repository, sources: [Reference]) {
        self.store = store
        self.target = target
        self.sources = sources
    }

    mutating func add(
        _ raw: RawManifest, subject: String, depth: Int, to inventory: inout Inventory
    ) throws {
        if raw.mediaType.isIndex {
            let index = try parsing(subject) { () throws(JSONError) in try raw.index() }
            let entries = try parsing(subject) { () throws(JSONError) in
                try walk.newEntries(of: index, depth: depth)
            }
            for (offset, entry) in entries.enumerated() {
                let name = entry.platform.map { " for '\($0)'" } ?? ""
                let subject = "manifest \(offset + 1) of \(entries.count)\(name)"
                if try isBlob(entry) {
                    inventory.add(
                        entry, subject: "blob \(offset + 1) of \(entries.count)",
                        sources: sources)
                    continue
                }
                let child = try fetch(entry, subject: subject)
                try add(child, subject: subject, depth: depth + 1, to: &inventory)
                inventory.manifests.append(child)
            }
        } else if raw.mediaType.isManifest {
            let manifest = try parsing(subject) { () throws(JSONError) in try raw.manifest() }
            inventory.add(
                manifest, subject: subject, config: manifest.config.contentAtHand,
                sources: sources)
        }
    }

    /// Whether an entry of an index is a blob, as those of BuildKit's caches are.
    ///
    /// The type tells where it is known. Else it is a blob where one of the places has it as one.
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

    /// A manifest that an index refers to, from the target or else from where its blobs are.
    private func fetch(_ entry: Descriptor, subject: String) throws -> RawManifest {
        let places = [target] + (try sources.map { try store.repository(for: $0) })
        for place in places {
            if let found = try place.manifest(.digest(entry.digest)) {
                // The index decides what it is, not the place that has it.
                return RawManifest(
                    verifiedBytes: found.bytes, mediaType: entry.mediaType, digest: found.digest)
            }
        }
        throw StoreError.missing(
            subject: subject, digest: entry.digest, target: target.name,
            sources: sources.map { $0.place.description })
    }
}

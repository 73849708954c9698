import JSON
import OCI

/// Takes stock of a manifest or index that came as bytes.
struct ManifestWalk {
    let store: ImageStore
    let target: any Repository
    let sources: [Reference]

    func add(
        _ raw: RawManifest, subject: String, depth: Int, to inventory: inout Inventory
    ) throws {
        if raw.mediaType.isIndex {
            guard depth < DocumentLimit.indexDepth else {
                throw StoreError.malformed(
                    subject: subject, .field(path: .root, "indexes nested too deeply"))
            }
            let index = try parsing(subject) { () throws(JSONError) in try raw.index() }
            for (offset, entry) in index.manifests.enumerated() {
                let name = entry.platform.map { " for '\($0)'" } ?? ""
                let subject = "manifest \(offset + 1) of \(index.manifests.count)\(name)"
                if try isBlob(entry) {
                    inventory.add(
                        Inventory.Blob(
                            descriptor: entry, bytes: entry.contentAtHand, sources: sources,
                            subject: "blob \(offset + 1) of \(index.manifests.count)"))
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
        if let present = try target.manifest(.digest(entry.digest)) { return present }
        for source in sources {
            if let manifest = try store.repository(for: source).manifest(.digest(entry.digest)) {
                return manifest
            }
        }
        throw StoreError.missing(
            subject: subject, digest: entry.digest, target: target.name,
            sources: sources.map { $0.place.description })
    }
}

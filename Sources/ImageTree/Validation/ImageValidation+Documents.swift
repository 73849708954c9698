import ByteStream
import Hashing
import ImageStore
import JSON
import OCI

/// Checks of manifests, indexes and configs.
extension ImageValidation {
    private mutating func check(fieldsOf entry: Descriptor, of document: String, at path: String) {
        var fields = DocumentFaults(of: document)
        fields.check(entry: entry, at: path)
        faults += fields.faults
    }

    /// The entries of an index; adds faults of the rest of the document.
    ///
    /// - Returns: nil when it has no list of entries.
    mutating func entries(
        of index: [UInt8], as mediaType: MediaType = .index, document: String
    ) throws -> [IndexEntry]? {
        let field: JSONField
        let entries: [IndexEntry]
        do throws(JSONError) {
            field = JSONField(try JSON.parse(index))
            entries = try field.requiredElements("manifests").enumerated()
                .map { IndexEntry($0.element, offset: $0.offset) }
        } catch {
            try note(error, of: document)
            return nil
        }
        do throws(JSONError) {
            var own = DocumentFaults(of: document)
            own.check(try Index(field, mediaType: mediaType))
            faults += own.faults
        } catch {
            // Faults of entries are added with their entries.
            let isOfEntry = entries.contains { $0.error?.text == error.text }
            if !isOfEntry { try note(error, of: document) }
        }
        return entries
    }

    /// Checks entries of an index, and what they lead to.
    mutating func check(
        _ entries: [IndexEntry], of document: String, in place: some ExaminedPlace, depth: Int
    ) throws {
        for entry in entries {
            let descriptor: Descriptor
            do throws(JSONError) {
                descriptor = try entry.descriptor.get()
            } catch {
                try note(error, of: document)
                continue
            }
            try check(
                descriptor, of: document, at: entry.offset, in: place, depth: depth,
                isImage: !descriptor.isNoImage && !entry.isAttachment)
        }
    }

    /// Checks the manifest of an index entry.
    private mutating func check(
        _ entry: Descriptor, of document: String, at offset: Int, in place: some ExaminedPlace,
        depth: Int, isImage: Bool
    ) throws {
        let path = "manifests[\(offset)]"
        check(fieldsOf: entry, of: document, at: path)
        guard entry.mediaType.isIndex || entry.mediaType.isManifest else {
            faults.append(
                ImageFault(
                    document, "\(path).mediaType", "not a manifest or index: \(entry.mediaType)"))
            return
        }
        let raw: RawManifest?
        do {
            raw = try place.manifest(entry.digest)
        } catch {
            return try note(error, of: entry.digest.description)
        }
        guard let raw else {
            return add(entry.digest, "", "missing: \(path) of '\(document)' names it")
        }
        if Int64(raw.bytes.count) != entry.size {
            faults.append(
                ImageFault(
                    document, "\(path).size", "\(entry.size), but it has \(raw.bytes.count) bytes"))
        }
        if raw.mediaType != entry.mediaType {
            faults.append(
                ImageFault(
                    document, "\(path).mediaType", "\(entry.mediaType), but it is \(raw.mediaType)")
            )
        }
        try check(raw, in: place, depth: depth, isImage: isImage)
        checkPlatform(of: entry)
    }

    /// - Parameter isImage: false for attestations and signatures, which look like images but for
    ///   their layers.
    mutating func check(
        _ raw: RawManifest, in place: some ExaminedPlace, depth: Int, isImage: Bool = true
    ) throws {
        guard seen.insert(raw.digest).inserted else { return }
        let limit = DocumentLimit.manifestByteCount
        if raw.bytes.count > limit {
            add(raw.digest, "", "\(raw.bytes.count) bytes, where registries take \(limit)")
        }
        do {
            if raw.mediaType.isIndex {
                let document = raw.digest.description
                let entries = try entries(
                    of: raw.bytes, as: raw.mediaType, document: document)
                guard depth < DocumentLimit.indexDepth else {
                    return add(raw.digest, "", "indexes nested too deeply")
                }
                try check(entries ?? [], of: document, in: place, depth: depth + 1)
            } else {
                try check(manifest: raw, in: place, isImage: isImage)
            }
        } catch {
            try note(error, of: raw.digest.description)
        }
    }

    private mutating func check(
        manifest raw: RawManifest, in place: some ExaminedPlace, isImage: Bool
    ) throws {
        let document = try JSON.parse(raw.bytes)
        let partial = PartialDocument(document) { (field) throws(JSONError) in
            try Manifest(field, mediaType: raw.mediaType)
        }
        for error in partial.errors { try note(error, of: raw.digest.description) }
        if let manifest = partial.value {
            try check(manifest, raw.digest, in: place, isImage: isImage)
        } else {
            try checkBlobs(of: document, raw.digest, except: partial.errors)
        }
    }

    /// Checks the blobs of a manifest that cannot be read as a whole, and its other descriptors.
    ///
    /// - Parameter errors: those that are noted already.
    private mutating func checkBlobs(
        of document: JSON, _ digest: Digest, except errors: [JSONError]
    ) throws {
        var fields: [(path: String, field: JSONField)] = []
        do throws(JSONError) {
            let manifest = JSONField(document)
            if let config = try manifest.member("config") { fields.append(("config", config)) }
            for (index, layer) in (try manifest.member("layers")?.elements() ?? []).enumerated() {
                fields.append(("layers[\(index)]", layer))
            }
        } catch {
            // Its error is noted.
            return
        }
        for (path, field) in fields {
            do throws(JSONError) {
                layers.add(try Descriptor(field), diffID: nil, manifest: digest, path: path)
            } catch {
                if !errors.contains(error) { try note(error, of: digest.description) }
            }
        }
    }

    private mutating func check(
        _ manifest: Manifest, _ digest: Digest, in place: some ExaminedPlace, isImage: Bool
    ) throws {
        guard isImage, manifest.config.mediaType.isImageConfig else {
            note(digest) { $0.check(manifest, diffIDs: nil) }
            for (index, blob) in ([manifest.config] + manifest.layers).enumerated() {
                layers.add(
                    blob, diffID: nil, manifest: digest,
                    path: index == 0 ? "config" : "layers[\(index - 1)]")
            }
            return
        }
        checkTypes(of: manifest, digest)
        var config: ImageConfig?
        if let bytes = try configBytes(of: manifest, digest, in: place) {
            do {
                config = try self.config(JSON.parse(bytes), of: manifest, digest)
            } catch {
                try note(error, of: manifest.config.digest.description)
            }
        }
        note(digest) { $0.check(manifest, diffIDs: config?.diffIDs) }
        for (index, layer) in manifest.layers.enumerated() {
            layers.add(
                layer, diffID: config.map { $0.diffIDs[index] }, manifest: digest,
                path: "layers[\(index)]")
        }
        if config != nil { layers.addStack(of: manifest.layers.map(\.digest), manifest: digest) }
    }

    /// Checks a config.
    ///
    /// - Returns: nil when it has no valid list of diffIDs.
    /// - Throws: `EditError` when the list does not fit the layers.
    private mutating func config(
        _ document: JSON, of manifest: Manifest, _ digest: Digest
    ) throws -> ImageConfig? {
        let subject = manifest.config.digest.description
        let partial = PartialDocument(document) { (field) throws(JSONError) in
            try ImageConfig(field)
        }
        for error in partial.errors { try note(error, of: subject) }
        guard let config = partial.value else { return nil }
        let isPlatformWrong = (["os", "architecture", "variant"] as [JSONString]).contains {
            partial.isWrong($0)
        }
        if !isPlatformWrong {
            platforms[digest] = (try config.platform(), manifest.config.digest)
        }
        var others = DocumentFaults(of: subject)
        others.check(config, of: manifest)
        // A wrong member was taken out, so it is missing here.
        faults += others.faults.filter { !partial.wrongPaths.contains($0.path) }
        if partial.isWrong("rootfs") { return nil }
        try config.checkLayers(of: manifest)
        return config
    }

    /// Checks that all types are of one family, and that it has the layers' compressions.
    private mutating func checkTypes(of manifest: Manifest, _ digest: Digest) {
        let isDocker = manifest.mediaType == .dockerManifest
        if (manifest.config.mediaType == .dockerConfig) != isDocker {
            add(
                digest, "config.mediaType",
                "\(manifest.config.mediaType) in a manifest of type \(manifest.mediaType)")
        }
        for (index, layer) in manifest.layers.enumerated() {
            let type = layer.mediaType
            let path = "layers[\(index)].mediaType"
            guard type.layerCompression != nil || type.isNondistributable else {
                add(digest, path, "not the type of a layer: \(type)")
                continue
            }
            if type.rawValue.hasPrefix("application/vnd.docker.") != isDocker {
                add(digest, path, "\(type) in a manifest of type \(manifest.mediaType)")
            } else if isDocker, type.layerCompression == .zstd {
                add(digest, path, "Docker has no zstd layer")
            }
        }
    }

    /// Checks that an entry of an index states the platform of its image.
    private mutating func checkPlatform(of entry: Descriptor) {
        guard let stated = entry.platform, let (own, config) = platforms[entry.digest] else {
            return
        }
        let isSame =
            own.os == stated.os && own.architecture == stated.architecture
            && (own.variant == nil || stated.variant == nil || own.variant == stated.variant)
        if isSame { return }
        let fault = ImageFault(
            config.description, "", "for '\(own)', but its index says '\(stated)'")
        if platformFaults.insert(fault).inserted { faults.append(fault) }
    }

    /// The config's bytes; nil, with a fault recorded, when they cannot be read.
    private mutating func configBytes(
        of manifest: Manifest, _ digest: Digest, in place: some ExaminedPlace
    ) throws -> [UInt8]? {
        let config = manifest.config
        let limit = DocumentLimit.configByteCount
        guard config.size <= Int64(limit) else {
            add(digest, "config.size", "\(config.size), where \(limit) is the most")
            return nil
        }
        let found: Int64?
        do {
            found = try place.blobSize(config.digest)
        } catch {
            try note(error, of: config.digest.description)
            return nil
        }
        guard let size = found else {
            add(config.digest, "", "missing: config of '\(digest)'")
            return nil
        }
        if size != config.size {
            add(config.digest, "", "\(size) bytes, but '\(digest)' says \(config.size)")
        }
        let sink = MemorySink(limit: limit, subject: Path(config.digest.description))
        do {
            // With a wrong size in the manifest, the config may be right all the same.
            try place.readBlob(config.withSize(size), into: sink)
            return sink.bytes
        } catch {
            if size == config.size || ImageFault("", error) == nil {
                try note(error, of: config.digest.description)
            }
            return nil
        }
    }
}

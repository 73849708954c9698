import ByteStream
import Hashing
import ImageArchive
import ImageStore
import JSON
import OCI

/// Checks images document by document and blob by blob.
///
/// A problem of an image is a fault, and the check continues; a problem that prevents reading an
/// image is an error.
public struct ImageValidation {
    private let store: ImageStore
    private let isFast: Bool
    public private(set) var faults: [ImageFault] = []
    /// The documents and blobs that were checked.
    private var seen: Set<Digest> = []
    private var layers = LayerChecks()
    /// The platforms of the images that were checked, and their configs.
    private var platforms: [Digest: (platform: Platform, config: Digest)] = [:]
    /// The faults of platforms that were reported.
    private var platformFaults: Set<ImageFault> = []

    /// - Parameter isFast: whether only existence and size of blobs are checked.
    public init(_ store: ImageStore, isFast: Bool) {
        self.store = store
        self.isFast = isFast
    }

    /// Checks the image of a reference, or a whole layout without a tag.
    ///
    /// - Throws: `StoreError` for a missing image, and what the place throws.
    public mutating func check(_ reference: Reference) throws {
        let place = ExaminedRepository(
            store: store, repository: try store.repository(for: reference))
        if case .layout(let layout) = reference, layout.tag == nil, layout.digest == nil {
            try checkLayout(layout, place)
        } else {
            do {
                let root = try store.manifest(of: reference)
                try check(root, in: place, depth: 0)
                if case .layout(let layout) = reference {
                    try checkEntry(of: root.digest, in: layout)
                }
            } catch {
                try note(error, of: reference.description)
            }
        }
        try checkLayers(in: place)
    }

    /// Checks an archive of Docker's format or of OCI's, in one pass.
    ///
    /// - Throws: `ArchiveError` for input that is not an archive or is truncated.
    public mutating func check(archive input: InputStream) throws {
        let archive = try ExaminedArchive(input)
        let contents = archive.contents
        let index = contents.document(Array("index.json".utf8))
        let manifest = contents.document(Array("manifest.json".utf8))
        guard index != nil || manifest != nil else {
            throw ArchiveError.notAnArchive(path: input.path)
        }
        for fault in contents.faults where !fault.path.isBlob {
            try note(fault.error, of: fault.path.description)
        }
        var entries: [Descriptor] = []
        if let index {
            do {
                entries = try Index(JSONField(JSON.parse(index)), mediaType: .index).manifests
            } catch {
                try note(error, of: "index.json")
            }
            try checkEntries(entries, in: archive)
        }
        if let manifest, entries.isEmpty {
            try checkDocker(manifest, in: archive)
        } else if let manifest {
            try checkNames(manifest, in: contents)
        }
        try checkLayers(in: archive)
    }

    /// Checks each image of a Docker archive up to its first fault, because without digests further
    /// faults cannot be located.
    private mutating func checkDocker(_ manifest: [UInt8], in archive: ExaminedArchive) throws {
        let docker = DockerArchive(archive.contents, archive.writer)
        do {
            let entries = try JSONField(JSON.parse(manifest)).elements()
            for (offset, entry) in entries.enumerated() {
                do {
                    let single = JSON.array([entry.value]).serialized()
                    for image in try docker.images(of: single, []) {
                        _ = try image.store()
                        try check(image.root, in: archive, depth: 0)
                    }
                } catch {
                    try note(error, of: "manifest.json[\(offset)]")
                }
            }
        } catch {
            try note(error, of: "manifest.json")
        }
    }

    /// Checks that the files that Docker's part of an archive names exist; index.json describes
    /// them.
    private mutating func checkNames(_ manifest: [UInt8], in contents: ArchiveContents) throws {
        do {
            for (offset, entry) in try JSONField(JSON.parse(manifest)).elements().enumerated() {
                let layers = try entry.member("Layers")?.elements() ?? []
                for field in try [entry.required("Config")] + layers {
                    let name = try field.string()
                    if contents.hasFile(Array(name.utf8)) { continue }
                    faults.append(
                        ImageFault("manifest.json[\(offset)]", "", "missing: \(name)"))
                }
            }
        } catch {
            try note(error, of: "manifest.json")
        }
    }

    /// Adds what `body` finds in a document.
    private mutating func note(_ digest: Digest, _ body: (inout DocumentFaults) -> Void) {
        var document = DocumentFaults(of: digest.description)
        body(&document)
        faults += document.faults
    }

    private mutating func checkLayers(in place: some ExaminedPlace) throws {
        let read = try layers.run(in: place, isFast: isFast)
        faults += read
        layers = LayerChecks()
    }

    private mutating func add(_ subject: Digest, _ path: String = "", _ problem: String) {
        faults.append(ImageFault(subject.description, path, problem))
    }

    /// - Throws: `error`, when it is not about the data.
    private mutating func note(_ error: any Error, of subject: String) throws {
        guard let fault = ImageFault(subject, error) else { throw error }
        faults.append(fault)
    }

    // MARK: Layouts

    private mutating func checkLayout(
        _ reference: LayoutReference, _ place: some ExaminedPlace
    ) throws {
        let audit = store.layoutAudit(reference)
        for path in try audit.strayFiles() {
            faults.append(ImageFault(path.description, "", "a file that is no blob"))
        }
        let entries: [Descriptor]
        do {
            entries = try audit.entries()
        } catch {
            return try note(error, of: "index.json")
        }
        try checkEntries(entries, in: place)
    }

    /// Checks the entry of `index.json` that names an image.
    private mutating func checkEntry(of digest: Digest, in layout: LayoutReference) throws {
        for (offset, entry) in try store.layoutAudit(layout).entries().enumerated()
        where entry.digest == digest {
            if let tag = layout.tag, let name = entry[annotation: Annotation.refName], name != tag {
                continue
            }
            check(fieldsOf: entry, of: "index.json", at: "manifests[\(offset)]")
            checkPlatform(of: entry)
        }
    }

    /// Checks the entries of `index.json`.
    private mutating func checkEntries(
        _ entries: [Descriptor], in place: some ExaminedPlace
    ) throws {
        for (offset, entry) in entries.enumerated() {
            if let name = entry[annotation: Annotation.refName], !name.isReferenceName {
                faults.append(
                    ImageFault(
                        "index.json", "manifests[\(offset)].annotations", "not a name: \(name)"))
            }
            try check(entry, of: "index.json", at: offset, in: place, depth: 0)
        }
    }

    // MARK: Documents

    private mutating func check(fieldsOf entry: Descriptor, of document: String, at path: String) {
        var fields = DocumentFaults(of: document)
        fields.check(entry: entry, at: path)
        faults += fields.faults
    }

    /// Checks the manifest of an index entry.
    private mutating func check(
        _ entry: Descriptor, of document: String, at offset: Int, in place: some ExaminedPlace,
        depth: Int
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
        try check(raw, in: place, depth: depth, isImage: !entry.isNoImage)
        checkPlatform(of: entry)
    }

    /// - Parameter isImage: false for attestations, which look like images but for their layers.
    private mutating func check(
        _ raw: RawManifest, in place: some ExaminedPlace, depth: Int, isImage: Bool = true
    ) throws {
        guard seen.insert(raw.digest).inserted else { return }
        let limit = DocumentLimit.manifestByteCount
        if raw.bytes.count > limit {
            add(raw.digest, "", "\(raw.bytes.count) bytes, where registries take \(limit)")
        }
        do {
            if raw.mediaType.isIndex {
                let index = try raw.index()
                note(raw.digest) { $0.check(index) }
                guard depth < DocumentLimit.indexDepth else {
                    return add(raw.digest, "", "indexes nested too deeply")
                }
                for (offset, entry) in index.manifests.enumerated() {
                    try check(
                        entry, of: raw.digest.description, at: offset, in: place,
                        depth: depth + 1)
                }
            } else {
                try check(raw.manifest(), raw.digest, in: place, isImage: isImage)
            }
        } catch {
            try note(error, of: raw.digest.description)
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
                let parsed = try ImageConfig(JSONField(JSON.parse(bytes)))
                platforms[digest] = (try parsed.platform(), manifest.config.digest)
                note(manifest.config.digest) { $0.check(parsed, of: manifest) }
                try parsed.checkLayers(of: manifest)
                config = parsed
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
        guard size == config.size else {
            add(config.digest, "", "\(size) bytes, but '\(digest)' says \(config.size)")
            return nil
        }
        let sink = MemorySink(limit: limit, subject: Path(config.digest.description))
        do {
            try place.readBlob(config, into: sink)
            return sink.bytes
        } catch {
            try note(error, of: config.digest.description)
            return nil
        }
    }
}

extension String {
    /// Whether it is a valid name in a layout: letters, digits and separators.
    ///
    /// - Spec: image-spec v1.1.1, annotations.md, `org.opencontainers.image.ref.name`.
    fileprivate var isReferenceName: Bool {
        let isAllowed = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._:@/+".utf8.contains(byte)
            }
        }
        return !isEmpty && isAllowed
    }
}

extension Path {
    /// Whether it is the path of a blob in the archive's layout, whose faults are reported by
    /// digest.
    fileprivate var isBlob: Bool { bytes.starts(with: Array("blobs/".utf8)) }
}

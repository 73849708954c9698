import ByteStream
import Glibc
import Hashing
import JSON
import OCI

/// An OCI image layout: a directory that is used like a repository of a registry.
///
/// Reading never changes it. Writing creates it when it is missing or empty. Blobs and `index.json`
/// get their names only when they are complete and on disk. A lock serialises processes that change
/// `index.json` through this type.
///
/// - Spec: image-spec v1.1.1, image-layout.md.
public struct LayoutRepository: Sendable {
    public let directory: Path

    /// The maximum size of `index.json`, which has an entry for each tag.
    private static let indexByteLimit = 64 << 20

    /// Does not access the disk.
    public init(directory: Path) {
        self.directory = directory
    }

    public var name: String { "oci:\(directory)" }

    // MARK: Manifests

    /// The manifest of `selector`, verified against its descriptor.
    ///
    /// - Returns: nil when the layout has no such manifest, or does not exist yet.
    /// - Throws: `LayoutError`, `StreamError`, `VerificationError`.
    public func manifest(_ selector: ManifestSelector) throws -> RawManifest? {
        if try isYetToBeMade() { return nil }
        switch selector {
        case .tag(let tag):
            guard let entry = try entry(tag, in: readIndex(orEmpty: true)) else { return nil }
            return try manifest(entry)
        case .digest(let digest):
            try checkLayout()
            guard try hasBlob(digest) else { return nil }
            let bytes = try readDocument(digest, size: nil)
            return RawManifest(
                verifiedBytes: bytes, mediaType: try mediaType(of: bytes, digest), digest: digest)
        }
    }

    /// The media type in a manifest, or else in `index.json`, which may be large and is not read
    /// for each of many manifests.
    private func mediaType(of bytes: [UInt8], _ digest: Digest) throws -> MediaType {
        do throws(JSONError) {
            return try RawManifest.mediaType(of: bytes)
        } catch {
            guard let type = try readIndex(orEmpty: true).mediaType(of: digest) else {
                throw LayoutError.malformed(path: blobPath(digest), error)
            }
            return type
        }
    }

    /// The only image of a layout, for a reference without tag and digest.
    ///
    /// Manifests with a subject, such as SBOMs and signatures, count only when there is no other
    /// manifest.
    ///
    /// - Throws: `LayoutError.ambiguous` when there is no image or several, and as `manifest(_:)`.
    public func onlyManifest() throws -> RawManifest {
        let index = try readIndex()
        let entries = try parsing(indexPath) { () throws(JSONError) in try index.manifests() }
        let isAlone = Set(entries.map(\.digest)).count < 2
        let candidates = try isAlone ? entries : entries.filter { try subject(of: $0) == nil }
        guard let entry = candidates.first, candidates.allSatisfy({ $0.digest == entry.digest })
        else {
            throw LayoutError.ambiguous(
                path: directory, tags: index.tags, untagged: index.untaggedCount)
        }
        return try manifest(entry)
    }

    /// An index over the entries with a tag, or over all entries, when they are one image for
    /// several platforms.
    ///
    /// Some programs write the platforms of an image as entries of `index.json`.
    /// - Returns: nil when they are not.
    public func platformIndex(tag: String?) throws -> RawManifest? {
        if try isYetToBeMade() { return nil }
        let index = try readIndex(orEmpty: true)
        let entries = try parsing(indexPath) { () throws(JSONError) in
            guard let tag else { return try index.manifests() }
            return try index.manifests(tagged: tag)
        }
        guard entries.count > 1 else { return nil }
        let images = try entries.filter { try subject(of: $0) == nil }
        guard let bytes = Index(platformsOf: images)?.storedBytes else { return nil }
        return RawManifest(bytes: bytes, mediaType: .index)
    }

    /// The subject of an entry's manifest; nil when the entry is not a manifest or is missing.
    private func subject(of entry: Descriptor) throws -> Digest? {
        guard entry.mediaType.isManifest || entry.mediaType.isIndex, try hasBlob(entry.digest)
        else { return nil }
        let raw = try manifest(entry)
        return try parsing(blobPath(entry.digest)) { () throws(JSONError) in
            try raw.subject()?.digest
        }
    }

    /// The digest of a tag, without reading the manifest.
    public func manifestDigest(_ selector: ManifestSelector) throws -> Digest? {
        if try isYetToBeMade() { return nil }
        switch selector {
        case .tag(let tag): return try entry(tag, in: readIndex(orEmpty: true))?.digest
        case .digest(let digest): return try hasBlob(digest) ? digest : nil
        }
    }

    /// Stores a manifest that another refers to; with a tag, also sets that tag.
    ///
    /// - Returns: the digest of its `subject`: `referrers` finds what `index.json` lists.
    @discardableResult
    public func putManifest(_ manifest: RawManifest, tag: String?) throws -> Digest? {
        _ = try writeBlob(MemoryBlob(manifest.bytes, algorithm: manifest.digest.algorithm))
        if let tag { try setEntries([Publication(manifest, tag: tag)]) }
        return try manifest.subject()?.digest
    }

    /// Stores manifests and lists all of them, with or without a tag, in one change of
    /// `index.json`. The checks are called under the lock; when one throws, no tag is moved.
    ///
    /// - Returns: as `putManifest`, for each.
    @discardableResult
    public func publish(_ publications: [Publication]) throws -> [Digest?] {
        var subjects: [Digest: Digest?] = [:]
        for publication in publications where subjects[publication.manifest.digest] == nil {
            let subject = try putManifest(publication.manifest, tag: nil)
            subjects[publication.manifest.digest] = .some(subject)
        }
        try setEntries(publications)
        return publications.map { subjects[$0.manifest.digest] ?? nil }
    }

    /// The names of the images; each is one line without control characters.
    ///
    /// - Throws: `LayoutError.malformed` when a name is not.
    public func tags() throws -> [String] {
        let tags = try readIndex().tags
        for tag in tags where tag.isEmpty || quote(tag) != "'\(tag)'" {
            throw LayoutError.malformed(
                path: indexPath, .field(path: .root, "no name of an image: \(quote(tag))"))
        }
        return tags
    }

    /// The listed manifests whose `subject` is `digest`, as an index.
    ///
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrers(of digest: Digest, artifactType: String?) throws -> Index? {
        var referrers: [Descriptor] = []
        var found: Set<Descriptor> = []
        let index = try readIndex()
        for entry in try parsing(indexPath, { () throws(JSONError) in try index.manifests() })
        where try (entry.mediaType.isManifest || entry.mediaType.isIndex)
            && hasBlob(entry.digest)
        {
            let raw = try manifest(entry)
            let referrer = try parsing(blobPath(entry.digest)) { () throws(JSONError) in
                try raw.subject()?.digest == digest ? try raw.referrer() : nil
            }
            guard let referrer, found.insert(referrer).inserted else { continue }
            if referrer.isArtifact(of: artifactType) { referrers.append(referrer) }
        }
        return Index(manifests: referrers)
    }

    private func setEntries(_ publications: [Publication]) throws {
        try withLock {
            var index = try readIndex(orEmpty: true)
            for publication in publications {
                try publication.check?(
                    publication.tag.flatMap { try entry($0, in: index)?.digest })
            }
            index.set(publications.map { ($0.manifest.descriptor, $0.tag) })
            try write(index)
        }
    }

    /// Runs `body` while no other process changes `index.json` of an existing layout.
    func withExistingLock<Result>(_ body: () throws -> Result) throws -> Result {
        try checkLayout()
        return try withLock(body)
    }

    /// Runs `body` while no other process changes `index.json`.
    func withLock<Result>(_ body: () throws -> Result) throws -> Result {
        let lockFailure = { StreamError.create(path: indexPath, $0) as any Error }
        return try Directory.withLock(directory, failure: lockFailure, body)
    }

    func write(_ index: LayoutIndex) throws(StreamError) {
        let file = try AtomicFile(indexPath)
        try file.write(index.bytes)
        try file.commit()
    }

    private func manifest(_ entry: Descriptor) throws -> RawManifest {
        guard try hasBlob(entry.digest) else {
            throw LayoutError.noSuchBlob(path: directory, entry.digest)
        }
        return RawManifest(
            verifiedBytes: try readDocument(entry.digest, size: entry.size),
            mediaType: entry.mediaType,
            digest: entry.digest)
    }

    private func entry(_ tag: String, in index: LayoutIndex) throws -> Descriptor? {
        let entries = try parsing(indexPath) { () throws(JSONError) in
            try index.manifests(tagged: tag)
        }
        guard let entry = entries.first else { return nil }
        guard entries.allSatisfy({ $0.digest == entry.digest }) else {
            throw LayoutError.duplicateTag(path: directory, tag: tag)
        }
        return entry
    }

    var indexPath: Path { directory.appending("index.json") }

    /// - Parameter orEmpty: whether a missing index is empty, because another process may be
    ///   creating the layout.
    func readIndex(orEmpty: Bool = false) throws -> LayoutIndex {
        try checkLayout()
        do {
            let bytes = try readIndexBytes()
            return try parsing(indexPath) { () throws(JSONError) in try LayoutIndex(bytes) }
        } catch LayoutError.notALayout where orEmpty {
            return LayoutIndex()
        }
    }

    /// The bytes of `index.json`.
    ///
    /// - Throws: `LayoutError.notALayout` when it is missing, `StreamError`.
    public func readIndexBytes() throws -> [UInt8] {
        do {
            return try RegularFile.read(indexPath, limit: LayoutRepository.indexByteLimit)
        } catch StreamError.open(_, .noEntry) {
            throw LayoutError.notALayout(path: directory, reason: "it has no index.json")
        }
    }

    func parsing<Result>(
        _ path: Path, _ body: () throws(JSONError) -> Result
    ) throws(LayoutError) -> Result {
        do {
            return try body()
        } catch {
            throw .malformed(path: path, error)
        }
    }

    /// A whole small blob, verified.
    func readDocument(_ digest: Digest, size: Int64?) throws -> [UInt8] {
        let bytes = try RegularFile.read(
            blobPath(digest), limit: DocumentLimit.manifestByteCount)
        let verifier = Verifier(
            digest: digest, size: size, subject: blobPath(digest).description)
        try bytes.withRawBytes { (bytes) throws(VerificationError) in try verifier.update(bytes) }
        try verifier.finish()
        return bytes
    }
}

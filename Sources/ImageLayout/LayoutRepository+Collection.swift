import ByteStream
import Glibc
import JSON
import OCI

/// An unreferenced file of a layout.
public struct Garbage: Sendable {
    public let path: Path
    /// Size in bytes.
    public let size: Int64
}

extension LayoutRepository {
    /// Finds and removes unreferenced files.
    ///
    /// Every manifest in `index.json` is kept with everything it refers to. A manifest with a
    /// subject that is listed without a tag is kept as long as its subject; otherwise its entry is
    /// removed too. Files younger than `grace` stay, because they may belong to a run that has not
    /// listed them yet. Files that are neither blobs nor temporary files stay too.
    ///
    /// `index.json` is locked meanwhile.
    ///
    /// - Parameters:
    ///   - grace: the minimum age in seconds since a file was written or used.
    ///   - now: seconds since 1970.
    ///   - dryRun: whether nothing is removed.
    /// - Returns: the files, in the order of their names.
    /// - Throws: `LayoutError.sharedBlobs`; `LayoutError.malformed`, `VerificationError` and
    ///   `StreamError` when a manifest to keep cannot be read. Then nothing is removed.
    public func collectGarbage(
        grace: Int64, now: Int64 = Int64(time(nil)), dryRun: Bool
    ) throws -> [Garbage] {
        try withExistingLock {
            try refuseSharedBlobs()
            var index = try readIndex()
            let kept = try reachable(from: index)
            let oldest = now - grace
            let garbage = try files { name, isBlob in
                guard isBlob else { return AtomicFile.isTemporary(name) }
                return kept.contains(name)
                    ? false
                    : Digest.isEncoded(name.bytes)
                        || AtomicFile.isTemporary(name)
            }.filter { $0.isOlder(than: oldest) }
            if dryRun { return garbage.map(\.garbage) }
            let gone = Set(garbage.map(\.garbage.path))
            let isStale = { (entry: JSON) in
                guard let digest = entry.digest.flatMap({ Digest($0.text) }) else { return false }
                return !kept.contains(Path(digest.encoded)) && gone.contains(self.blobPath(digest))
            }
            if index.removeEntries(where: isStale) { try write(index) }
            for file in garbage {
                let result = file.garbage.path.withCString { unlink($0) }
                if result == -1, Errno.current != .noEntry {
                    throw StreamError.create(path: file.garbage.path, Errno.current)
                }
            }
            return garbage.map(\.garbage)
        }
    }

    private func refuseSharedBlobs() throws(LayoutError) {
        for place in [blobs] + Digest.Algorithm.allCases.map(blobDirectory) {
            var status = stat()
            let isThere = place.withCString { lstat($0, &status) } == 0
            if isThere, status.st_mode & S_IFMT == S_IFLNK { throw .sharedBlobs(path: place) }
        }
    }

    private struct File {
        let garbage: Garbage
        /// The later of modification and change time, in seconds since 1970, because a hard link
        /// may have old content.
        let changed: Int64

        func isOlder(than limit: Int64) -> Bool { changed <= limit }
    }

    /// The regular files in the layout's directories that `isWanted` selects.
    private func files(where isWanted: (Path, _ isBlob: Bool) -> Bool) throws -> [File] {
        var files: [File] = []
        let places =
            [(directory, false)] + Digest.Algorithm.allCases.map { (blobDirectory($0), true) }
        for (place, isBlob) in places {
            let names: [Path]
            do {
                names = try Directory.names(in: place)
            } catch .noEntry {
                continue
            } catch {
                throw StreamError.open(path: place, error)
            }
            for name in names.sorted() where isWanted(name, isBlob) {
                let path = place.appending(name)
                guard let status = try? path.status(followingLink: false),
                    status.st_mode & S_IFMT == S_IFREG
                else { continue }
                files.append(
                    File(
                        garbage: Garbage(path: path, size: Int64(status.st_size)),
                        changed: Int64(max(status.st_mtim.tv_sec, status.st_ctim.tv_sec))))
            }
        }
        return files
    }

    /// The names of all blobs that the entries refer to, directly or not.
    private func reachable(from index: LayoutIndex) throws -> Set<Path> {
        var walk = ReachabilityWalk(layout: self)
        var roots: [Descriptor] = []
        for entry in try parsing(indexPath, { () throws(JSONError) in try index.manifests() }) {
            if entry[annotation: Annotation.refName] == nil,
                let subject = try walk.subject(of: entry)
            {
                walk.referrers[Path(subject.encoded), default: []].append(entry)
            } else {
                roots.append(entry)
            }
        }
        for root in roots { try walk.add(root) }
        return walk.kept
    }
}

/// Collects the names of blobs that manifests refer to.
private struct ReachabilityWalk {
    let layout: LayoutRepository
    /// Entries by the name of their subject; they are kept together with it.
    var referrers: [Path: [Descriptor]] = [:]
    private(set) var kept: Set<Path> = []

    init(layout: LayoutRepository) {
        self.layout = layout
    }

    mutating func add(_ entry: Descriptor) throws {
        // Without recursion, because documents by others determine the depth.
        var pending = [entry]
        while let descriptor = pending.popLast() {
            let name = Path(descriptor.digest.encoded)
            guard kept.insert(name).inserted else { continue }
            pending += referrers.removeValue(forKey: name) ?? []
            guard descriptor.mediaType.isManifest || descriptor.mediaType.isIndex,
                let raw = try document(descriptor)
            else { continue }
            let path = layout.blobPath(descriptor.digest)
            pending += try layout.parsing(path) { () throws(JSONError) in
                if raw.mediaType.isIndex { return try raw.index().manifests }
                let manifest = try raw.manifest()
                return [manifest.config] + manifest.layers
            }
        }
    }

    /// The subject of a listed manifest.
    func subject(of entry: Descriptor) throws -> Digest? {
        guard entry.mediaType.isManifest || entry.mediaType.isIndex,
            let raw = try document(entry)
        else { return nil }
        return try layout.parsing(layout.blobPath(entry.digest)) { () throws(JSONError) in
            try raw.subject()?.digest
        }
    }

    /// - Returns: nil when the layout does not have the document.
    private func document(_ descriptor: Descriptor) throws -> RawManifest? {
        guard try layout.hasBlob(descriptor.digest) else { return nil }
        return RawManifest(
            verifiedBytes: try layout.readDocument(descriptor.digest, size: descriptor.size),
            mediaType: descriptor.mediaType, digest: descriptor.digest)
    }
}

extension Digest {
    /// Whether a file of `blobs/` has the name of a blob.
    fileprivate static func isEncoded(_ name: [UInt8]) -> Bool {
        let text = String(decoding: name, as: UTF8.self)
        return Algorithm.allCases.contains { Digest("\($0.rawValue):\(text)") != nil }
    }
}

import ByteStream
import Hashing
import ImageStore
import Layer
import OCI
import Tar

/// What came out of an archive that was read to its end.
///
/// Documents (JSON of at most 8 MiB) are held in memory; everything else went to the target as it
/// came, whatever the order of the entries. What is held, names among it, has at most 64 MiB.
struct ArchiveContents {
    /// By their paths.
    private(set) var documents: [[UInt8]: [UInt8]] = [:]
    /// Files without bytes. What names one as a layer and has its diffID proves that it is one.
    private var emptyFiles: Set<[UInt8]> = []
    /// What the target has, by the paths of the archive.
    private(set) var blobs: [[UInt8]: StreamedBlob] = [:]
    /// The sizes of what the target has, by the digests.
    private var sizes: [Digest: Int64] = [:]
    /// Links of either kind, with where they lead.
    private var links: [[UInt8]: [UInt8]] = [:]
    private(set) var hasObsoleteImages = false
    /// The paths of what looks like a document and is too large for one.
    private var largePaths: Set<[UInt8]> = []

    struct StreamedBlob {
        let descriptor: Descriptor
        /// Of a layer, when the bytes were looked into.
        let diffID: Digest?
    }

    private static let entryLimit = 1 << 16
    private static let heldByteLimit = 64 << 20
    /// What an entry costs beside the bytes of its names and its document.
    private static let entryByteCount = 128

    /// Reads an archive and streams its blobs to `target`.
    ///
    /// A blob that is named by its digest is checked against it. Blobs of an archive that turns out
    /// to be broken stay at the target without a name.
    /// - Throws: `ArchiveError`, `LayerError`, and what the target throws.
    init(_ input: InputStream, to target: any Repository) throws {
        let reader = EntryReader(try ArchiveInput.tar(input), path: input.path)
        var byteCount = 0
        func hold(_ count: Int) throws(ArchiveError) {
            byteCount += count
            if byteCount > ArchiveContents.heldByteLimit {
                throw .tooMuchText(limit: ArchiveContents.heldByteLimit)
            }
        }
        var count = 0
        while let entry = try reader.next() {
            count += 1
            if count > ArchiveContents.entryLimit {
                throw ArchiveError.tooManyEntries(limit: ArchiveContents.entryLimit)
            }
            let path = try resolve(entry.path[...], in: [], of: entry)
            if entry.kind == .directory { continue }
            guard documents[path] == nil, blobs[path] == nil, links[path] == nil,
                !emptyFiles.contains(path)
            else {
                throw ArchiveError.badPath(path: Path(path), "is there twice")
            }
            try hold(path.count + entry.linkTarget.count + ArchiveContents.entryByteCount)
            switch entry.kind {
            case .directory: continue
            case .symbolicLink:
                let parent = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
                links[path] = try resolve(entry.linkTarget[...], in: path[..<parent], of: entry)
            case .hardLink: links[path] = try resolve(entry.linkTarget[...], in: [], of: entry)
            case .file:
                if Path(path).name == "VERSION" { hasObsoleteImages = true }
                try hold(take(entry, path, reader, target))
            case .characterDevice, .blockDevice, .fifo:
                throw ArchiveError.badPath(path: Path(path), "is not a file")
            }
        }
    }

    /// - Returns: how many bytes are held of it.
    private mutating func take(
        _ entry: TarEntry, _ path: [UInt8], _ reader: EntryReader, _ target: any Repository
    ) throws -> Int {
        let digest = ArchiveContents.namedDigest(path)
        if entry.size == 0, digest == nil {
            emptyFiles.insert(path)
            return 0
        }
        let isSmall = entry.size <= UInt64(DocumentLimit.configByteCount)
        let head = try reader.read(atMost: isSmall ? Int(entry.size) : tarBlockByteCount)
        if isSmall, head.isJSON {
            if let digest { try verify(head, digest, size: nil, path) }
            documents[path] = head
            return head.count
        }
        if head.isJSON { largePaths.insert(path) }
        let source = EntrySource(head, reader)
        let blob: StreamedBlob
        if let digest {
            let expected = BlobIdentity(digest: digest, size: Int64(entry.size))
            let copy = ArchivedBlob(source, expected, subject: Path(path).description)
            _ = try target.writeBlob(copy, mountFrom: [])
            try drain(copy)
            let descriptor = Descriptor(
                mediaType: .octetStream, digest: digest, size: Int64(entry.size))
            blob = StreamedBlob(descriptor: descriptor, diffID: nil)
        } else if head.isCompressed {
            // Its diffID is compared with the one in the config, which proves all of it.
            let layer = LayerSource(source, path: Path(path), isEndProved: true)
            _ = try target.writeBlob(layer, mountFrom: [])
            var descriptor = layer.descriptor
            let diffID = descriptor[annotation: Annotation.uncompressed].flatMap { Digest($0) }
            descriptor[annotation: Annotation.uncompressed] = nil
            blob = StreamedBlob(descriptor: descriptor, diffID: diffID)
        } else if head.isTar {
            // Its digest is its diffID, which proves all of it: it need not end as a tar should.
            let layer = HashingSource(source)
            let identity = try target.writeBlob(layer, mountFrom: [])
            let descriptor = Descriptor(
                mediaType: .layer, digest: identity.digest, size: identity.size)
            blob = StreamedBlob(descriptor: descriptor, diffID: identity.digest)
        } else {
            // Neither a document nor a layer: of no account.
            return 0
        }
        blobs[path] = blob
        sizes[blob.descriptor.digest] = blob.descriptor.size
        return 0
    }

    private func verify(
        _ bytes: [UInt8], _ digest: Digest, size: Int64?, _ path: [UInt8]
    ) throws(VerificationError) {
        let verifier = Verifier(digest: digest, size: size, subject: Path(path).description)
        try bytes.withRawBytes { (bytes) throws(VerificationError) in try verifier.update(bytes) }
        try verifier.finish()
    }

    /// The digest that a path in `blobs/` claims.
    private static func namedDigest(_ path: [UInt8]) -> Digest? {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("blobs".utf8) else { return nil }
        return Digest(
            String(decoding: parts[1], as: UTF8.self) + ":"
                + String(decoding: parts[2], as: UTF8.self))
    }

    /// A path of the archive without `.`, `..` and links that lead out of it.
    private func resolve(
        _ path: ArraySlice<UInt8>, in directory: ArraySlice<UInt8>, of entry: TarEntry
    ) throws(ArchiveError) -> [UInt8] {
        guard let path = ArchiveContents.cleaned(path, in: directory) else {
            throw .badPath(path: Path(entry.path), "leads out of it")
        }
        return path
    }

    /// - Returns: nil for a path that leads out of the archive.
    private static func cleaned(
        _ path: ArraySlice<UInt8>, in directory: ArraySlice<UInt8> = []
    ) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        var components = directory.split(separator: slash)
        for component in path.split(separator: slash) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                guard components.popLast() != nil else { return nil }
                continue
            }
            components.append(component)
        }
        return Array(components.joined(separator: [slash]))
    }

    /// How many links lead to one file.
    private static let linkLimit = 40

    /// Where a path leads to, through links. Documents write paths in other ways than the tar does.
    private func followed(_ path: [UInt8]) -> [UInt8] {
        var path = ArchiveContents.cleaned(path[...]) ?? path
        for _ in 0..<ArchiveContents.linkLimit {
            guard let next = links[path] else { break }
            path = next
        }
        return path
    }

    /// The document at `path`, or where links of that name lead to.
    func document(_ path: [UInt8]) -> [UInt8]? { documents[followed(path)] }

    /// - Throws: `ArchiveError.missing`, `.tooLarge`.
    func requiredDocument(_ path: [UInt8], _ subject: String) throws(ArchiveError) -> [UInt8] {
        if let document = document(path) { return document }
        if largePaths.contains(followed(path)) {
            throw .tooLarge(subject: subject, limit: DocumentLimit.configByteCount)
        }
        throw .missing(subject: subject)
    }

    /// The blob at `path`, or where links of that name lead to.
    func blob(_ path: [UInt8]) -> StreamedBlob? { blobs[followed(path)] }

    /// Whether there is a file without bytes at `path`, or where links of that name lead to.
    func isEmptyFile(_ path: [UInt8]) -> Bool { emptyFiles.contains(followed(path)) }

    /// The document of `blobs/` that `descriptor` describes, its bytes proved; nil when there is
    /// none.
    ///
    /// What a link has put there is checked like everything else.
    ///
    /// - Throws: `VerificationError`.
    func document(_ descriptor: Descriptor) throws(VerificationError) -> [UInt8]? {
        let path = ArchiveContents.path(of: descriptor.digest)
        guard let bytes = document(path) else { return nil }
        try verify(bytes, descriptor.digest, size: descriptor.size, path)
        return bytes
    }

    /// - Throws: `VerificationError`, `ArchiveError.missing`, `.tooLarge`.
    func requiredDocument(_ descriptor: Descriptor, _ subject: String) throws -> [UInt8] {
        if let bytes = try document(descriptor) { return bytes }
        return try requiredDocument(ArchiveContents.path(of: descriptor.digest), subject)
    }

    /// The size of the blob that went to the target under `digest`; nil when there was none.
    func blobSize(_ digest: Digest) -> Int64? { sizes[digest] }

    private static func path(of digest: Digest) -> [UInt8] {
        Array("blobs/\(digest.algorithm.rawValue)/\(digest.encoded)".utf8)
    }
}

extension [UInt8] {
    /// Whether these may be the first bytes of a document; those of a tar may look like it.
    fileprivate var isJSON: Bool {
        let first = first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return (first == UInt8(ascii: "{") || first == UInt8(ascii: "["))
            && !isTarHeader(Array(prefix(tarBlockByteCount)))
    }

    /// Whether these are the first bytes of a gzip or zstd stream.
    fileprivate var isCompressed: Bool {
        starts(with: [0x1F, 0x8B]) || starts(with: [0x28, 0xB5, 0x2F, 0xFD])
    }

    /// Whether these are the first bytes of a tar, which may have no entries.
    fileprivate var isTar: Bool {
        isTarHeader(self) || (count >= tarBlockByteCount && prefix(512).allSatisfy { $0 == 0 })
    }
}

/// The entries of the archive, and the data of the current one.
private final class EntryReader {
    private var reader: TarReader

    init(_ input: any ByteSource, path: Path) {
        reader = TarReader(input, path: path)
    }

    /// The next entry, what is left of the data before it passed over.
    func next() throws(ArchiveError) -> TarEntry? {
        do {
            try reader.skipData()
            return try reader.next()
        } catch {
            throw .tar(error)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        do {
            return try reader.read(into: buffer)
        } catch {
            throw .tar(error)
        }
    }

    /// The next `count` bytes of the current entry, or all that are left.
    func read(atMost count: Int) throws(ArchiveError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        var filled = 0
        while filled < count {
            let part = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if part == 0 { break }
            filled += part
        }
        return Array(buffer[..<filled])
    }
}

/// The data of the current entry, of which the beginning was read before.
private final class EntrySource: ByteSource {
    private let head: MemorySource
    private let reader: EntryReader

    init(_ head: [UInt8], _ reader: EntryReader) {
        self.head = MemorySource(head)
        self.reader = reader
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = head.read(into: buffer)
        return count > 0 ? count : try reader.read(into: buffer)
    }
}

/// A blob that is named by its digest, and checked.
private final class ArchivedBlob: BlobSource {
    let identity: BlobIdentity
    private let source: VerifyingSource
    private var hasEnded = false

    init(_ source: any ByteSource, _ identity: BlobIdentity, subject: String) {
        self.identity = identity
        self.source = VerifyingSource(
            source, Verifier(digest: identity.digest, size: identity.size, subject: subject))
    }

    var announced: BlobIdentity? { identity }

    func rewind() -> Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if hasEnded { return 0 }
        let count = try source.read(into: buffer)
        hasEnded = count == 0
        return count
    }
}

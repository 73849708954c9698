import ByteStream
import Hashing
import ImageStore
import Layer
import OCI
import Tar

/// What came out of an archive that was read to its end.
///
/// Documents (JSON of at most 4 MiB) are held in memory, 64 MiB of them at most; everything else went
/// to the target as it came, whatever the order of the entries.
struct ArchiveContents {
    /// By their paths.
    private(set) var documents: [[UInt8]: [UInt8]] = [:]
    /// What the target has, by the paths of the archive.
    private(set) var blobs: [[UInt8]: StreamedBlob] = [:]
    private(set) var digests: Set<Digest> = []
    /// Links of either kind, with where they lead.
    private var links: [[UInt8]: [UInt8]] = [:]
    private(set) var hasObsoleteImages = false

    struct StreamedBlob {
        let descriptor: Descriptor
        /// Whether the bytes were looked into, so that a layer's diffID is known.
        let isInspected: Bool
    }

    private static let entryLimit = 1 << 16
    private static let documentByteLimit = 4 << 20
    private static let documentsByteLimit = 64 << 20

    /// Reads an archive and streams its blobs to `target`.
    ///
    /// A blob that is named by its digest is checked against it. Blobs of an archive that turns out
    /// to be broken stay at the target without a name.
    /// - Throws: `ArchiveError`, `LayerError`, and what the target throws.
    init(_ input: InputStream, to target: any Repository) throws {
        let reader = EntryReader(input)
        var byteCount = 0
        var count = 0
        while let entry = try reader.next() {
            count += 1
            if count > ArchiveContents.entryLimit {
                throw ArchiveError.tooManyEntries(limit: ArchiveContents.entryLimit)
            }
            let path = try resolve(entry.path[...], in: [], of: entry)
            switch entry.kind {
            case .directory: continue
            case .symbolicLink:
                let parent = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
                links[path] = try resolve(entry.linkTarget[...], in: path[..<parent], of: entry)
            case .hardLink: links[path] = try resolve(entry.linkTarget[...], in: [], of: entry)
            case .file:
                guard documents[path] == nil, blobs[path] == nil, links[path] == nil else {
                    throw ArchiveError.badPath(path: Path(path), "is there twice")
                }
                if Path(path).name == "VERSION" { hasObsoleteImages = true }
                byteCount += try take(entry, path, reader, target)
                if byteCount > ArchiveContents.documentsByteLimit {
                    throw ArchiveError.tooMuchText(limit: ArchiveContents.documentsByteLimit)
                }
            case .characterDevice, .blockDevice, .fifo:
                throw ArchiveError.badPath(path: Path(path), "is not a file")
            }
        }
    }

    /// - Returns: how many bytes are held of it.
    private mutating func take(
        _ entry: TarEntry, _ path: [UInt8], _ reader: EntryReader, _ target: any Repository
    ) throws -> Int {
        let digest = namedDigest(path)
        var head: [UInt8] = []
        if entry.size <= UInt64(ArchiveContents.documentByteLimit) {
            head = try reader.readAll()
            if head.first == UInt8(ascii: "{") || head.first == UInt8(ascii: "[") {
                if let digest {
                    let verifier = Verifier(
                        digest: digest, size: nil, subject: Path(path).description)
                    try head.withUnsafeBytes { try verifier.update($0) }
                    try verifier.finish()
                }
                documents[path] = head
                return head.count
            }
            // What is neither a document nor in `blobs` nor a layer is of no account.
            if digest == nil, !isTarHeader(head), !head.isCompressed { return 0 }
        }
        let source: any ByteSource =
            entry.size <= UInt64(ArchiveContents.documentByteLimit)
            ? MemorySource(head) : EntrySource(reader)
        let blob: StreamedBlob
        if let digest {
            let expected = BlobIdentity(digest: digest, size: Int64(entry.size))
            let copy = ArchivedBlob(source, expected, subject: Path(path).description)
            _ = try target.writeBlob(copy, mountFrom: [])
            try copy.copy(to: DiscardingSink())
            let descriptor = Descriptor(
                mediaType: .octetStream, digest: digest, size: Int64(entry.size))
            blob = StreamedBlob(descriptor: descriptor, isInspected: false)
        } else {
            let layer = LayerSource(source, path: Path(path))
            _ = try target.writeBlob(layer, mountFrom: [])
            try layer.copy(to: DiscardingSink())
            blob = StreamedBlob(descriptor: layer.descriptor, isInspected: true)
        }
        blobs[path] = blob
        digests.insert(blob.descriptor.digest)
        return 0
    }

    /// The digest that a path in `blobs/` claims.
    private func namedDigest(_ path: [UInt8]) -> Digest? {
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
        let slash = UInt8(ascii: "/")
        var components = directory.split(separator: slash)
        for component in path.split(separator: slash) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                guard components.popLast() != nil else {
                    throw .badPath(path: Path(entry.path), "leads out of it")
                }
                continue
            }
            components.append(component)
        }
        return Array(components.joined(separator: [slash]))
    }

    /// The document at `path`, through at most one link.
    func document(_ path: [UInt8]) -> [UInt8]? {
        documents[path] ?? links[path].flatMap { documents[$0] }
    }

    /// The blob at `path`, through at most one link.
    func blob(_ path: [UInt8]) -> StreamedBlob? { blobs[path] ?? links[path].flatMap { blobs[$0] } }

    /// The document of `blobs/` with that digest.
    func document(_ digest: Digest) -> [UInt8]? {
        documents[Array("blobs/\(digest.algorithm.rawValue)/\(digest.encoded)".utf8)]
    }
}

extension [UInt8] {
    /// Whether these are the first bytes of a gzip or zstd stream.
    fileprivate var isCompressed: Bool {
        starts(with: [0x1F, 0x8B]) || starts(with: [0x28, 0xB5, 0x2F, 0xFD])
    }
}

/// The entries of the archive, and the data of the current one.
private final class EntryReader {
    private var reader: TarReader

    init(_ input: InputStream) {
        reader = TarReader(input)
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

    /// All data of the current entry.
    func readAll() throws(ArchiveError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var bytes: [UInt8] = []
        while true {
            let count = try read(into: buffer)
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}

private final class EntrySource: ByteSource {
    private let reader: EntryReader

    init(_ reader: EntryReader) {
        self.reader = reader
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try reader.read(into: buffer)
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

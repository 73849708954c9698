import ByteStream
import Hashing
import ImageStore
import Layer
import OCI
import Tar

/// The contents of an archive that was read to its end.
///
/// Documents (JSON of at most 8 MiB) are kept in memory; all other files were sent to the target as
/// they arrived, in any order. Documents and names take at most 64 MiB.
package struct ArchiveContents {
    /// The documents by their paths.
    package private(set) var documents: [[UInt8]: [UInt8]] = [:]
    /// Empty files. A document that names one as a layer, with its diffID, proves that it is a
    /// layer.
    private var emptyFiles: Set<[UInt8]> = []
    /// The blobs in the target, by their paths in the archive.
    private(set) var blobs: [[UInt8]: StreamedBlob] = [:]
    /// The sizes of the blobs in the target, by digest.
    private var sizes: [Digest: Int64] = [:]
    /// Hard and symbolic links with their targets.
    private var links: [[UInt8]: [UInt8]] = [:]
    private(set) var hasObsoleteImages = false
    /// Faults of single files by their paths, when faults do not end the run.
    package private(set) var faults: [(path: Path, error: any Failure)] = []
    private let keepsFaults: Bool
    /// The paths of documents that are too large.
    private var largePaths: Set<[UInt8]> = []

    struct StreamedBlob {
        let descriptor: Descriptor
        /// The diffID of a layer, when it was computed.
        let diffID: Digest?
    }

    private static let entryLimit = 1 << 16
    private static let heldByteLimit = 64 << 20
    /// The memory of an entry in addition to its names and its document.
    private static let entryByteCount = 128

    /// Reads an archive and streams its blobs to `target`.
    ///
    /// A blob whose path has its digest is verified. Blobs of a broken archive stay in the target
    /// without a name.
    ///
    /// - Parameter keepsFaults: whether reading continues after a file that does not match its
    ///   digest or is a broken layer.
    /// - Throws: `ArchiveError`, `LayerError`, and what the target throws.
    package init(
        _ input: InputStream, to target: any BlobWriter, keepsFaults: Bool = false
    ) throws {
        self.keepsFaults = keepsFaults
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
                do {
                    try hold(store(entry, path, reader, target))
                } catch let error as any Failure where keepsFaults && error.isOfOneFile {
                    faults.append((Path(path), error))
                }
            case .characterDevice, .blockDevice, .fifo:
                throw ArchiveError.badPath(path: Path(path), "is not a file")
            }
        }
    }

    /// - Returns: the number of bytes kept in memory.
    private mutating func store(
        _ entry: TarEntry, _ path: [UInt8], _ reader: EntryReader, _ target: any BlobWriter
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
        let source = PrefixedSource(head, reader)
        let named = digest.map { BlobIdentity(digest: $0, size: Int64(entry.size)) }
        guard let blob = try storeBlob(source, head: head, named: named, path, target) else {
            return 0
        }
        blobs[path] = blob
        sizes[blob.descriptor.digest] = blob.descriptor.size
        return 0
    }

    /// Stores a file of the archive as a blob in the target.
    ///
    /// - Parameters:
    ///   - head: the first bytes of the file, which `source` has too.
    ///   - named: the digest in the path, and the size; nil for a path without a digest.
    /// - Returns: nil when the file is neither a layer nor named by a digest; then it is ignored.
    private func storeBlob(
        _ source: PrefixedSource, head: [UInt8], named: BlobIdentity?, _ path: [UInt8],
        _ target: any BlobWriter
    ) throws -> StreamedBlob? {
        if let named {
            let copy = ArchivedBlob(source, named, subject: Path(path).description)
            _ = try target.writeBlob(copy, mountFrom: [])
            try drain(copy)
            let descriptor = Descriptor(
                mediaType: .octetStream, digest: named.digest, size: named.size)
            return StreamedBlob(descriptor: descriptor, diffID: nil)
        }
        if head.isCompressed {
            // Its diffID is compared with that in the config, which proves that it is complete.
            let layer = LayerSource(source, path: Path(path), isEndProved: true)
            _ = try target.writeBlob(layer, mountFrom: [])
            var descriptor = layer.descriptor
            let diffID = descriptor[annotation: Annotation.uncompressed].flatMap { Digest($0) }
            descriptor[annotation: Annotation.uncompressed] = nil
            return StreamedBlob(descriptor: descriptor, diffID: diffID)
        }
        guard head.isTar else { return nil }
        // Its digest is its diffID, which proves that it is complete, even without the end of a
        // tar.
        let layer = HashingSource(source)
        let identity = try target.writeBlob(layer, mountFrom: [])
        let descriptor = Descriptor(
            mediaType: .layer, digest: identity.digest, size: identity.size)
        return StreamedBlob(descriptor: descriptor, diffID: identity.digest)
    }

    private func verify(
        _ bytes: [UInt8], _ digest: Digest, size: Int64?, _ path: [UInt8]
    ) throws(VerificationError) {
        let verifier = Verifier(digest: digest, size: size, subject: Path(path).description)
        try bytes.withRawBytes { (bytes) throws(VerificationError) in try verifier.update(bytes) }
        try verifier.finish()
    }

    /// The digest in a path in `blobs/`.
    private static func namedDigest(_ path: [UInt8]) -> Digest? {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("blobs".utf8) else { return nil }
        return Digest(
            String(decoding: parts[1], as: UTF8.self) + ":"
                + String(decoding: parts[2], as: UTF8.self))
    }

    /// Cleans a path of the archive of `.` and `..`; a path that leads out of the archive is
    /// refused.
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
        return Path(joining: components).bytes
    }

    /// The maximum number of links to follow.
    private static let linkLimit = 40

    /// Follows links from a path. Documents may spell paths differently from the tar.
    private func followed(_ path: [UInt8]) -> [UInt8] {
        var path = ArchiveContents.cleaned(path[...]) ?? path
        for _ in 0..<ArchiveContents.linkLimit {
            guard let next = links[path] else { break }
            path = next
        }
        return path
    }

    /// The document at `path`, after following links.
    package func document(_ path: [UInt8]) -> [UInt8]? { documents[followed(path)] }

    /// - Throws: `ArchiveError.missing`, `.tooLarge`.
    func requiredDocument(_ path: [UInt8], _ subject: String) throws(ArchiveError) -> [UInt8] {
        if let document = document(path) { return document }
        if largePaths.contains(followed(path)) {
            throw .tooLarge(subject: subject, limit: DocumentLimit.configByteCount)
        }
        throw .missing(subject: subject)
    }

    /// The blob at `path`, after following links.
    func blob(_ path: [UInt8]) -> StreamedBlob? { blobs[followed(path)] }

    /// Whether there is an empty file at `path`, after following links.
    func isEmptyFile(_ path: [UInt8]) -> Bool { emptyFiles.contains(followed(path)) }

    /// Whether there is any file at `path`, after following links.
    package func hasFile(_ path: [UInt8]) -> Bool {
        document(path) != nil || blob(path) != nil || isEmptyFile(path)
            || faults.contains { $0.path == Path(followed(path)) }
    }

    /// The verified document of `descriptor` in `blobs/`; nil when there is none.
    ///
    /// The target of a link is verified too.
    ///
    /// - Throws: `VerificationError`.
    package func document(_ descriptor: Descriptor) throws(VerificationError) -> [UInt8]? {
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

    /// The size of a blob that was stored in the target; nil when there is none.
    package func blobSize(_ digest: Digest) -> Int64? { sizes[digest] }

    /// The path of a blob of the archive's layout.
    package static func path(of digest: Digest) -> [UInt8] {
        Array("blobs/\(digest.algorithm.rawValue)/\(digest.encoded)".utf8)
    }
}

extension Failure {
    /// Whether the error concerns one file of an archive, and not the archive.
    fileprivate var isOfOneFile: Bool { self is VerificationError || self is LayerError }
}

extension [UInt8] {
    /// Whether these may be the first bytes of a JSON document; a tar may look the same.
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
private final class EntryReader: ByteSource {
    private var reader: TarReader

    init(_ input: any ByteSource, path: Path) {
        reader = TarReader(input, path: path)
    }

    /// The next entry; the rest of the current entry's data is skipped.
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

    /// The next `count` bytes of the current entry, or the rest.
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

/// A blob whose path has its digest; it is verified.
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

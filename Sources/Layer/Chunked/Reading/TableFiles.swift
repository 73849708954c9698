import ByteStream
import Hashing
import OCI
import Tar

/// Joins the elements of a table's list to files, and checks that they agree.
///
/// Files may come in any order, but the chunks of a file follow the file.
struct TableFiles {
    private struct Pending {
        let entry: TableEntry
        var chunks = ChunkList()
        var lastOffset: Int64
    }

    private static let emptyDigest = StreamingDigest().finalizeBytes()
    private static let kinds: [[UInt8]: TarEntry.Kind] = [
        Array("reg".utf8): .file, Array("hardlink".utf8): .hardLink,
        Array("symlink".utf8): .symbolicLink, Array("char".utf8): .characterDevice,
        Array("block".utf8): .blockDevice, Array("dir".utf8): .directory,
        Array("fifo".utf8): .fifo,
    ]

    private let space: Range<Int64>
    /// The number of bytes that further frames may have: frames do not overlap.
    private var remainingByteCount: Int64
    private var pending: Pending?

    /// - Parameter space: the range of the layer that may have frames.
    init(_ space: Range<Int64>) {
        self.space = space
        remainingByteCount = Int64(space.count)
    }

    /// Adds the next element.
    ///
    /// - Returns: the file before it, when that is complete.
    /// - Throws: `TableError.malformed`.
    mutating func add(_ element: [UInt8]) throws(TableError) -> TableFile? {
        let entry = try TableEntry(element)
        if entry.type.elementsEqual("chunk".utf8) {
            try append(entry)
            return nil
        }
        let file = try finish()
        pending = Pending(entry: entry, lastOffset: entry.offset)
        return file
    }

    /// The last file.
    ///
    /// - Returns: nil when there is none.
    mutating func finish() throws(TableError) -> TableFile? {
        guard let last = pending else { return nil }
        pending = nil
        return try file(last)
    }

    private mutating func append(_ chunk: TableEntry) throws(TableError) {
        guard var file = pending, file.entry.name == chunk.name else {
            throw .malformed("a chunk of \(Path(chunk.name).quoted) does not follow its file")
        }
        if file.chunks.count == 0 { try append(file.entry, to: &file) }
        guard chunk.offset > file.lastOffset else {
            throw malformed(file.entry, "its chunks are out of order")
        }
        file.lastOffset = chunk.offset
        try append(chunk, to: &file)
        pending = file
    }

    private func append(
        _ chunk: TableEntry, to file: inout Pending
    ) throws(TableError) {
        let position = file.chunks.byteCount
        guard let digest = chunk.chunkDigest, chunk.chunkByteCount > 0,
            UInt64(chunk.chunkPosition) == position,
            UInt64(chunk.chunkByteCount) <= UInt64(file.entry.size) - position
        else { throw malformed(file.entry, "its chunks are not the whole of it") }
        file.chunks.append(
            ChunkList.Chunk(
                digest: digest, offset: chunk.offset, position: position,
                byteCount: UInt64(chunk.chunkByteCount), isZeros: false))
    }

    private mutating func file(_ pending: Pending) throws(TableError) -> TableFile {
        let entry = pending.entry
        guard let kind = TableFiles.kinds[entry.type] else {
            throw malformed(entry, "the type \(quote(entry.type)) is unknown")
        }
        if entry.name.isEmpty { throw malformed(entry, "it has no name") }
        var tarEntry = TarEntry(
            kind: kind, path: entry.name, mode: UInt32(truncatingIfNeeded: entry.mode) & 0o7777,
            size: kind == .file ? UInt64(entry.size) : 0)
        if kind == .hardLink || kind == .symbolicLink { tarEntry.linkTarget = entry.linkName }
        tarEntry.uid = UInt64(entry.uid)
        tarEntry.gid = UInt64(entry.gid)
        tarEntry.modificationTime = entry.time?.seconds ?? 0
        tarEntry.modificationNanoseconds = UInt32(entry.time?.nanoseconds ?? 0)
        tarEntry.extendedAttributes = entry.extendedAttributes
        if kind == .characterDevice || kind == .blockDevice {
            guard entry.deviceMajor < 1 << 12, entry.deviceMinor < 1 << 20 else {
                throw malformed(entry, "Linux has no such device number")
            }
            tarEntry.deviceMajor = UInt32(entry.deviceMajor)
            tarEntry.deviceMinor = UInt32(entry.deviceMinor)
        }
        if tarEntry.size > 0 { return try file(pending, tarEntry) }
        guard pending.chunks.count == 0,
            entry.digest.map({ kind != .file || $0 == TableFiles.emptyDigest }) ?? true
        else { throw malformed(entry, "it has no content, but chunks or a digest") }
        return TableFile(
            entry: tarEntry, digest: kind == .file ? TableFiles.emptyDigest : nil, frames: nil)
    }

    /// A file with content.
    private mutating func file(
        _ pending: Pending, _ tarEntry: TarEntry
    ) throws(TableError) -> TableFile {
        let entry = pending.entry
        guard let digest = entry.digest else { throw malformed(entry, "it has no digest") }
        guard pending.lastOffset < entry.endOffset, entry.endOffset <= space.upperBound,
            entry.endOffset - entry.offset <= remainingByteCount
        else { throw malformed(entry, "its frames are not in the layer") }
        remainingByteCount -= entry.endOffset - entry.offset
        var chunks = pending.chunks
        if chunks.count == 0 {
            chunks.append(
                ChunkList.Chunk(
                    digest: digest, offset: entry.offset, position: 0, byteCount: tarEntry.size,
                    isZeros: false))
        }
        guard chunks.byteCount == tarEntry.size else {
            throw malformed(entry, "its chunks are not the whole of it")
        }
        // No encoder writes larger frames, and reading a small file should not take more.
        let limit =
            tarEntry.size + tarEntry.size / 8 + 4096 * UInt64(chunks.count) + (64 << 10)
        guard UInt64(entry.endOffset - entry.offset) <= limit else {
            throw malformed(entry, "its frames are far larger than it is")
        }
        let frames = FileFrames(
            range: entry.offset..<entry.endOffset, chunks: chunks,
            digest: chunks.count > 1 ? digest : nil)
        return TableFile(entry: tarEntry, digest: digest, frames: frames)
    }

    private func malformed(_ entry: TableEntry, _ problem: String) -> TableError {
        .malformed("\(Path(entry.name).quoted): \(problem)")
    }
}

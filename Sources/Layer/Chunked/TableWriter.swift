import ByteStream
import Hashing
import OCI
import Tar

/// Writes frames in order, and collects the table of contents and tar-split.
///
/// Memory grows with the entries of the tar and the chunks of files: both texts are stored
/// compressed, with 16 bytes of each path's digest. Together that is less than 300 bytes and the
/// name for each entry.
final class TableWriter {
    private let output: OutputBuffer
    private let table: MetadataStream
    private let tarSplit: MetadataStream
    private var json = JSONText()
    private let fileDigest = StreamingDigest()
    private let pathDigest = StreamingDigest()
    private var checksum = CRC64()
    private var file: ChunkedFile?
    private var seen: Set<UInt128> = []
    private var isFirstEntry = true
    private var position = 0

    /// - Throws: `LayerError.library`.
    init(_ output: OutputBuffer, level: Int) throws(LayerError) {
        self.output = output
        table = try MetadataStream(level: level)
        tarSplit = try MetadataStream(level: level)
        table.bytes += "{\"version\":1,\"entries\":[".utf8
    }

    // MARK: In the order of the tar

    /// Begins an entry, after the frames of its headers.
    func begin(_ entry: ChunkedEntry) throws(LayerError) {
        try checkIsNew(entry)
        try appendSegment(entry.segment)
        if entry.entry.size > 0 {
            file = ChunkedFile(entry, offset: output.byteCount)
            fileDigest.restart()
            checksum = CRC64()
            return
        }
        appendEntry(entry)
        table.bytes.append(UInt8(ascii: "}"))
        try appendFileLine(entry, checksum: nil)
        try table.compressIfLarge()
    }

    /// Writes a frame; a payload frame belongs to the last entry.
    func write(
        _ frame: FrameJob.Frame, _ bytes: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
    ) throws(LayerError) {
        let offset = output.byteCount
        do {
            try output.append(bytes)
        } catch {
            throw .stream(error)
        }
        guard var file = take() else { return }
        file.remaining -= UInt64(payload.count)
        switch frame.content {
        case .metadata: preconditionFailure("headers inside a file")
        case .file:
            return try finish(file, digest: frame.digest, frame.checksum)
        case .chunk:
            fileDigest.update(payload)
            checksum.update(payload)
            file.chunks.append(
                ChunkList.Chunk(
                    digest: frame.digest, offset: offset, position: file.chunks.byteCount,
                    byteCount: UInt64(payload.count), isZeros: frame.isZeros))
        }
        if file.remaining > 0 {
            self.file = file
        } else {
            try finish(file, digest: fileDigest.finalizeBytes(), checksum)
        }
    }

    /// Records the bytes after the last entry: padding, the end of the archive, zeros.
    func end(_ segment: [UInt8]) throws(LayerError) { try appendSegment(segment) }

    private func take() -> ChunkedFile? {
        defer { file = nil }
        return file
    }

    private func checkIsNew(_ entry: ChunkedEntry) throws(LayerError) {
        pathDigest.restart()
        pathDigest.update(entry.cleanPath)
        let key = pathDigest.finalizeBytes().prefix(16).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        guard seen.insert(key).inserted else {
            throw .tar(
                .unsupported(
                    path: Path(entry.entry.path),
                    "the tar has it twice, which zstd:chunked cannot hold"))
        }
    }

    // MARK: The table

    private func finish(
        _ file: ChunkedFile, digest: [UInt8], _ checksum: CRC64
    ) throws(LayerError) {
        appendEntry(file.entry)
        table.bytes += ",\"digest\":".utf8
        JSONText.digest(digest, to: &table.bytes)
        appendNumber("offset", file.offset)
        appendNumber("endOffset", output.byteCount)
        if file.chunks.count > 1 {
            for index in 0..<file.chunks.count {
                let chunk = file.chunks[index]
                if index > 0 {
                    table.bytes += "},{\"type\":\"chunk\",\"name\":".utf8
                    JSONText.string(file.entry.entry.path, to: &table.bytes)
                    appendNumber("offset", chunk.offset)
                }
                appendNumber("chunkSize", chunk.byteCount)
                if index > 0 { appendNumber("chunkOffset", chunk.position) }
                table.bytes += ",\"chunkDigest\":".utf8
                JSONText.digest(chunk.digest, to: &table.bytes)
                if chunk.isZeros { table.bytes += ",\"chunkType\":\"zeros\"".utf8 }
                try table.compressIfLarge()
            }
        }
        table.bytes.append(UInt8(ascii: "}"))
        try appendFileLine(file.entry, checksum: checksum)
        try table.compressIfLarge()
    }

    /// Appends the fields of an entry except those of its payload; the object stays open.
    private func appendEntry(_ chunked: ChunkedEntry) {
        let (entry, header) = (chunked.entry, chunked.header)
        if !isFirstEntry { table.bytes.append(UInt8(ascii: ",")) }
        isFirstEntry = false
        table.bytes += "{\"type\":\"\(chunked.type)\",\"name\":".utf8
        JSONText.string(entry.path, to: &table.bytes)
        if !entry.linkTarget.isEmpty {
            table.bytes += ",\"linkName\":".utf8
            JSONText.string(entry.linkTarget, to: &table.bytes)
        }
        appendNumber("mode", header.mode)
        appendNumber("size", entry.size)
        appendNumber("uid", entry.uid)
        appendNumber("gid", entry.gid)
        appendTime(
            "modtime",
            HeaderFields.Time(
                seconds: entry.modificationTime, nanoseconds: entry.modificationNanoseconds))
        appendTime("accesstime", header.accessTime)
        appendTime("changetime", header.changeTime)
        appendNumber("devMajor", header.deviceMajor)
        appendNumber("devMinor", header.deviceMinor)
        // By the keys of the tar's records, which readers compare with tar-split.
        if header.extendedAttributes.isEmpty { return }
        var separator = ",\"xattrs\":{"
        for attribute in header.extendedAttributes {
            table.bytes += separator.utf8
            JSONText.string(attribute.name, to: &table.bytes)
            table.bytes.append(UInt8(ascii: ":"))
            JSONText.string(Base64.encode(attribute.value), to: &table.bytes)
            separator = ","
        }
        table.bytes.append(UInt8(ascii: "}"))
    }

    /// Appends a member, except when it is 0.
    private func appendNumber(_ name: StaticString, _ value: some BinaryInteger) {
        if value == 0 { return }
        table.bytes += ",\"\(name)\":".utf8
        JSONText.number(value, to: &table.bytes)
    }

    private func appendTime(_ name: StaticString, _ time: HeaderFields.Time?) {
        guard let time else { return }
        table.bytes += ",\"\(name)\":".utf8
        json.time(seconds: time.seconds, nanoseconds: time.nanoseconds, to: &table.bytes)
    }

    // MARK: tar-split

    private func appendSegment(_ bytes: [UInt8]) throws(LayerError) {
        tarSplit.bytes += "{\"type\":2,\"payload\":\"".utf8
        tarSplit.bytes += Base64.encode(bytes)
        tarSplit.bytes.append(UInt8(ascii: "\""))
        try endLine()
    }

    private func appendFileLine(
        _ entry: ChunkedEntry, checksum: CRC64?
    ) throws(LayerError) {
        tarSplit.bytes += "{\"type\":1,\"name\":".utf8
        JSONText.string(entry.entry.path, to: &tarSplit.bytes)
        if let checksum {
            tarSplit.bytes += ",\"size\":\(entry.entry.size),\"payload\":\"".utf8
            tarSplit.bytes += Base64.encode(checksum.bytes)
            tarSplit.bytes.append(UInt8(ascii: "\""))
        } else {
            tarSplit.bytes += ",\"payload\":null".utf8
        }
        try endLine()
    }

    private func endLine() throws(LayerError) {
        tarSplit.bytes += ",\"position\":\(position)}\n".utf8
        position += 1
        try tarSplit.compressIfLarge()
    }

    // MARK: The end

    /// Writes the layer trailer, the table, tar-split and the footer after the frames of the tar.
    func finish(_ tar: BlobIdentity) throws(LayerError) {
        let tarSplitDigest = try tarSplit.finish()
        table.bytes += "]\(ChunkedTable.digestKey)".utf8
        JSONText.digest(tarSplitDigest, to: &table.bytes)
        table.bytes.append(UInt8(ascii: "}"))
        let tableDigest = Digest(.sha256, bytes: try table.finish())
        do {
            try output.append(LayerTrailer(tar: tar, tableDigest: tableDigest).frame)
            let tablePosition = try append(table)
            let tarSplitPosition = try append(tarSplit)
            let footer = ChunkedFooter(table: tablePosition, tarSplit: tarSplitPosition)
            try output.append(skippableFrame(ChunkedFooter.magic, footer.payload))
            try output.flush()
        } catch {
            throw .stream(error)
        }
    }

    private func append(_ stream: MetadataStream) throws(StreamError) -> ChunkedFooter.Position {
        guard let byteCount = UInt32(exactly: stream.byteCount) else {
            throw .tooLarge(path: "table of contents", limit: Int(UInt32.max))
        }
        try output.append(skippableHeader(ChunkedFooter.magic, byteCount))
        let offset = output.byteCount
        try stream.forEachPiece { (piece) throws(StreamError) in try output.append(piece) }
        return ChunkedFooter.Position(
            offset: UInt64(offset), byteCount: UInt64(byteCount),
            uncompressedByteCount: UInt64(stream.uncompressedByteCount))
    }
}

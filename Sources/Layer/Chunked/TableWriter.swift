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
    private let fileDigest = StreamingDigest()
    private var file: ChunkedFile?
    private var seen: Set<UInt128> = []
    private var isFirstEntry = true
    private var isInSegment = false
    private var position = 0

    /// - Throws: `LayerError.library`.
    init(_ output: OutputBuffer, level: Int) throws(LayerError) {
        self.output = output
        table = try MetadataStream(level: level)
        tarSplit = try MetadataStream(level: level)
        table.text.append("{\"version\":1,\"entries\":[")
    }

    /// The number of bytes of the stream so far.
    var byteCount: Int64 { output.byteCount }

    /// Writes frames.
    func write(_ frames: UnsafeRawBufferPointer) throws(LayerError) {
        do {
            try output.append(frames)
        } catch {
            throw .stream(error)
        }
    }

    // MARK: In the order of the tar

    /// Records a part of a segment: bytes of the tar between two entries that are not payload.
    ///
    /// - Parameter bytes: a multiple of three, except for the last part.
    func appendToSegment(_ bytes: UnsafeRawBufferPointer) {
        if !isInSegment { tarSplit.text.append("{\"type\":2,\"payload\":\"") }
        isInSegment = true
        tarSplit.text.appendBase64(bytes)
    }

    func endSegment() throws(LayerError) {
        if !isInSegment { return }
        isInSegment = false
        tarSplit.text.append("\"")
        try endLine()
    }

    /// Records an entry, and ends the segment of its headers.
    ///
    /// - Parameters:
    ///   - pathKey: the key of the entry's path.
    ///   - offset: the offset in the stream of the first frame of its payload.
    func begin(
        _ chunked: ChunkedEntry, pathKey: UInt128, offset: Int64
    ) throws(LayerError) {
        let entry = chunked.entry
        guard seen.insert(pathKey).inserted else {
            throw .tar(
                .unsupported(
                    path: Path(entry.path),
                    "the tar has it twice, which zstd:chunked cannot hold"))
        }
        try endSegment()
        appendEntry(chunked)
        if entry.size > 0 {
            file = ChunkedFile(path: entry.path, byteCount: entry.size, offset: offset)
            fileDigest.restart()
        } else {
            table.text.append("}")
            try appendFileLine(entry.path, byteCount: 0, checksum: nil)
            try table.compressIfLarge()
        }
    }

    /// Records a frame of the last entry's payload.
    ///
    /// - Parameters:
    ///   - range: the range of the frame in the stream.
    ///   - digest: the raw sha256 of the payload.
    func append(
        _ frame: FrameJob.Frame, _ payload: UnsafeRawBufferPointer, at range: Range<Int64>,
        digest: UnsafeRawBufferPointer
    ) throws(LayerError) {
        guard var file = takeFile() else { return }
        guard case .chunk = frame.content else {
            return try finish(file, digest: digest, frame.checksum, endOffset: range.upperBound)
        }
        fileDigest.update(payload)
        file.append(
            payload, digest: digest, offset: range.lowerBound, isZeros: frame.isZeros)
        if file.chunks.byteCount < file.byteCount {
            self.file = file
            return
        }
        try fileDigest.finalizeBytes().withRawBytes { (digest) throws(LayerError) in
            try finish(file, digest: digest, file.checksum, endOffset: range.upperBound)
        }
    }

    private func takeFile() -> ChunkedFile? {
        defer { file = nil }
        return file
    }

    // MARK: The table

    private func finish(
        _ file: ChunkedFile, digest: UnsafeRawBufferPointer, _ checksum: CRC64, endOffset: Int64
    ) throws(LayerError) {
        let text = table.text
        text.append(",\"digest\":")
        text.appendDigest(digest)
        appendNumber(",\"offset\":", file.offset)
        appendNumber(",\"endOffset\":", endOffset)
        if file.chunks.count > 1 { try appendChunks(of: file) }
        text.append("}")
        try appendFileLine(file.path, byteCount: file.byteCount, checksum: checksum)
        try table.compressIfLarge()
    }

    private func appendChunks(of file: ChunkedFile) throws(LayerError) {
        let text = table.text
        for index in 0..<file.chunks.count {
            let chunk = file.chunks[index]
            if index > 0 {
                text.append("},{\"type\":\"chunk\",\"name\":")
                text.appendString(file.path)
                appendNumber(",\"offset\":", chunk.offset)
            }
            appendNumber(",\"chunkSize\":", chunk.byteCount)
            if index > 0 { appendNumber(",\"chunkOffset\":", chunk.position) }
            text.append(",\"chunkDigest\":")
            chunk.digest.withUnsafeBytes { text.appendDigest($0) }
            if chunk.isZeros { text.append(",\"chunkType\":\"zeros\"") }
            try table.compressIfLarge()
        }
    }

    /// Appends the fields of an entry except those of its payload; the object stays open.
    private func appendEntry(_ chunked: ChunkedEntry) {
        let (entry, header, text) = (chunked.entry, chunked.header, table.text)
        text.append(isFirstEntry ? "{\"type\":\"" : ",{\"type\":\"")
        isFirstEntry = false
        text.append(chunked.type)
        text.append("\",\"name\":")
        text.appendString(entry.path)
        if !entry.linkTarget.isEmpty {
            text.append(",\"linkName\":")
            text.appendString(entry.linkTarget)
        }
        appendNumber(",\"mode\":", header.mode)
        appendNumber(",\"size\":", entry.size)
        appendNumber(",\"uid\":", entry.uid)
        appendNumber(",\"gid\":", entry.gid)
        text.append(",\"modtime\":")
        text.appendTime(
            seconds: entry.modificationTime, nanoseconds: entry.modificationNanoseconds)
        appendTime(",\"accesstime\":", header.accessTime)
        appendTime(",\"changetime\":", header.changeTime)
        appendNumber(",\"devMajor\":", header.deviceMajor)
        appendNumber(",\"devMinor\":", header.deviceMinor)
        // By the keys of the tar's records, which readers compare with tar-split.
        if header.extendedAttributes.isEmpty { return }
        text.append(",\"xattrs\":{")
        for (index, attribute) in header.extendedAttributes.enumerated() {
            if index > 0 { text.append(",") }
            text.appendString(attribute.name)
            text.append(":\"")
            attribute.value.withUnsafeBytes { text.appendBase64($0) }
            text.append("\"")
        }
        text.append("}")
    }

    /// Appends a member, except when it is 0.
    ///
    /// - Parameter key: the key in quotes, with a comma before it and a colon after it.
    private func appendNumber(_ key: StaticString, _ value: some FixedWidthInteger) {
        if value == 0 { return }
        table.text.append(key)
        table.text.appendNumber(value)
    }

    private func appendTime(_ key: StaticString, _ time: HeaderFields.Time?) {
        guard let time else { return }
        table.text.append(key)
        table.text.appendTime(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }

    // MARK: tar-split

    private func appendFileLine(
        _ path: [UInt8], byteCount: UInt64, checksum: CRC64?
    ) throws(LayerError) {
        let text = tarSplit.text
        text.append("{\"type\":1,\"name\":")
        text.appendString(path)
        if let checksum {
            text.append(",\"size\":")
            text.appendNumber(byteCount)
            text.append(",\"payload\":\"")
            withUnsafeBytes(of: checksum.value.bigEndian) { text.appendBase64($0) }
            text.append("\"")
        } else {
            text.append(",\"payload\":null")
        }
        try endLine()
    }

    private func endLine() throws(LayerError) {
        tarSplit.text.append(",\"position\":")
        tarSplit.text.appendNumber(position)
        tarSplit.text.append("}\n")
        position += 1
        try tarSplit.compressIfLarge()
    }

    // MARK: The end

    /// Writes the layer trailer, the table, tar-split and the footer after the frames of the tar.
    func finish(_ tar: BlobIdentity) throws(LayerError) {
        let tarSplitDigest = try tarSplit.finish()
        table.text.append("]")
        table.text.append(ChunkedTable.digestKey)
        tarSplitDigest.withUnsafeBytes { table.text.appendDigest($0) }
        table.text.append("}")
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

/// A file whose payload is being written, and the chunks of it so far.
struct ChunkedFile {
    let path: [UInt8]
    let byteCount: UInt64
    /// Offset of its first frame in the stream.
    let offset: Int64
    private(set) var chunks = ChunkList()
    /// The checksum of the chunks so far.
    private(set) var checksum = CRC64()

    init(path: [UInt8], byteCount: UInt64, offset: Int64) {
        self.path = path
        self.byteCount = byteCount
        self.offset = offset
    }

    /// - Parameters:
    ///   - digest: the raw sha256 of the payload.
    ///   - offset: the offset of its frame in the stream.
    mutating func append(
        _ payload: UnsafeRawBufferPointer, digest: UnsafeRawBufferPointer, offset: Int64,
        isZeros: Bool
    ) {
        checksum.update(payload)
        chunks.append(
            ChunkList.Chunk(
                digest: Array(digest), offset: offset, position: chunks.byteCount,
                byteCount: UInt64(payload.count), isZeros: isZeros))
    }
}

/// A file whose payload is being written, and the chunks of it so far.
struct ChunkedFile {
    /// A part of the payload, in a frame of its own.
    struct Chunk {
        /// The raw sha256.
        var digest: [UInt8]
        /// Offset of its frame in the stream.
        var offset: Int64
        /// Offset in the file.
        var position: UInt64
        var byteCount: UInt64
        var isZeros: Bool
    }

    let entry: ChunkedEntry
    /// Offset of its first frame in the stream.
    let offset: Int64
    /// Bytes of the payload that are still to come.
    var remaining: UInt64
    private(set) var chunkCount = 0
    /// Bytes of the payload that the chunks have.
    private(set) var byteCount: UInt64 = 0
    /// Packed, since a file may have millions.
    private var chunks: [UInt8] = []

    /// The digest, three numbers, and whether it is zeros.
    private static let chunkByteCount = 32 + 3 * 8 + 1

    init(_ entry: ChunkedEntry, offset: Int64) {
        self.entry = entry
        self.offset = offset
        remaining = entry.entry.size
    }

    mutating func append(_ chunk: Chunk) {
        chunks += chunk.digest
        for value in [UInt64(chunk.offset), chunk.position, chunk.byteCount] {
            withUnsafeBytes(of: value) { chunks += $0 }
        }
        chunks.append(chunk.isZeros ? 1 : 0)
        chunkCount += 1
        byteCount += chunk.byteCount
    }

    func chunk(_ index: Int) -> Chunk {
        let start = index * ChunkedFile.chunkByteCount
        return chunks.withUnsafeBytes { chunks in
            func number(_ place: Int) -> UInt64 {
                chunks.loadUnaligned(fromByteOffset: start + 32 + 8 * place, as: UInt64.self)
            }
            return Chunk(
                digest: Array(chunks[start..<(start + 32)]), offset: Int64(number(0)),
                position: number(1), byteCount: number(2), isZeros: chunks[start + 56] == 1)
        }
    }
}

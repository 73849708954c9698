/// The chunks of a file in a packed form, because a file may have millions.
struct ChunkList: Sendable {
    /// A part of the payload, in a frame of its own.
    struct Chunk {
        /// The raw sha256.
        var digest: [UInt8]
        /// The offset of its frame in the stream.
        var offset: Int64
        /// Its offset in the file.
        var position: UInt64
        var byteCount: UInt64
        var isZeros: Bool
    }

    private(set) var count = 0
    /// The total number of payload bytes of the chunks.
    private(set) var byteCount: UInt64 = 0
    private var bytes: [UInt8] = []

    /// A digest, three numbers, and a flag for zeros.
    private static let chunkByteCount = 32 + 3 * 8 + 1

    mutating func append(_ chunk: Chunk) {
        bytes += chunk.digest
        for value in [UInt64(chunk.offset), chunk.position, chunk.byteCount] {
            withUnsafeBytes(of: value) { bytes += $0 }
        }
        bytes.append(chunk.isZeros ? 1 : 0)
        count += 1
        byteCount += chunk.byteCount
    }

    subscript(_ index: Int) -> Chunk {
        let start = index * ChunkList.chunkByteCount
        return bytes.withUnsafeBytes { bytes in
            func number(_ place: Int) -> UInt64 {
                bytes.loadUnaligned(fromByteOffset: start + 32 + 8 * place, as: UInt64.self)
            }
            return Chunk(
                digest: Array(bytes[start..<(start + 32)]), offset: Int64(number(0)),
                position: number(1), byteCount: number(2), isZeros: bytes[start + 56] == 1)
        }
    }
}

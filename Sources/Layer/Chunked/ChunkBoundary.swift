/// The boundaries at which a file's payload is cut into chunks.
///
/// By content, a chunk ends where the rolling sum of the last 64 bytes has its low bits set, so
/// that equal parts of two versions of a file become equal chunks at any offset. Readers accept any
/// boundaries.
///
/// - Spec: the rolling sum of bup: a window of 64 bytes, a character offset of 31.
struct ChunkBoundary: Sendable {
    /// The maximum size of a chunk. A file of at most this size is one chunk.
    let largest: Int
    /// The minimum size of all chunks but a file's last.
    let smallest: Int

    /// One boundary in 64 KiB after the minimum size, on average.
    private static let mask: UInt32 = 1 << 16 - 1
    private static let windowByteCount = 64
    private static let characterOffset: UInt32 = 31

    /// By content: chunks of 64 KiB to 1 MiB, about 128 KiB on average.
    static let byContent = ChunkBoundary(largest: 1 << 20, smallest: 64 << 10)

    /// All chunks but a file's last have `byteCount` bytes.
    static func every(_ byteCount: Int) -> ChunkBoundary {
        ChunkBoundary(largest: byteCount, smallest: byteCount)
    }

    /// Searches for the end of the chunk at the beginning of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: at most `largest`.
    ///   - known: the number of bytes that were searched before.
    /// - Returns: the number of bytes of the chunk; nil when more bytes are needed.
    func end(in bytes: UnsafeRawBufferPointer, known: Int) -> Int? {
        let start = max(known, smallest - 1)
        if smallest < largest, start < bytes.count {
            var (low, high) = ChunkBoundary.sums(bytes, upTo: start)
            let width = ChunkBoundary.windowByteCount
            for index in start..<bytes.count {
                let dropped = UInt32(bytes[index - width])
                low = low &+ UInt32(bytes[index]) &- dropped
                high = high &+ low &- UInt32(width) &* (dropped &+ ChunkBoundary.characterOffset)
                if high & ChunkBoundary.mask == ChunkBoundary.mask { return index + 1 }
            }
        }
        return bytes.count >= largest ? largest : nil
    }

    /// The two sums of the window that ends before `end`, as rolling up to there would compute
    /// them.
    private static func sums(
        _ bytes: UnsafeRawBufferPointer, upTo end: Int
    ) -> (low: UInt32, high: UInt32) {
        let width = UInt32(windowByteCount)
        var low = width * characterOffset
        var high = width * (width - 1) * characterOffset
        for byte in bytes[(end - windowByteCount)..<end] {
            low = low &+ UInt32(byte)
            high = high &+ low &- width &* characterOffset
        }
        return (low, high)
    }
}

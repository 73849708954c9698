/// The boundaries at which a file's payload is cut into chunks.
///
/// By content, a chunk ends where the rolling sum of the last 64 bytes has its low bits set, so that
/// equal parts of two versions of a file become equal chunks wherever they stand. Any cut is legal to
/// a reader.
///
/// - Spec: the rolling sum of bup: a window of 64 bytes, a character offset of 31.
struct ChunkBoundary: Sendable {
    /// A file of at most this many bytes is one chunk, and so is what is left at most.
    let largest: Int
    /// No chunk but a file's last has fewer bytes.
    let smallest: Int

    /// One chunk in 64 KiB behind the smallest, on average.
    private static let mask: UInt32 = 1 << 16 - 1
    private static let windowByteCount = 64
    private static let characterOffset: UInt32 = 31

    /// By content: chunks of 64 KiB to 1 MiB, about 128 KiB on average.
    static let byContent = ChunkBoundary(largest: 1 << 20, smallest: 64 << 10)

    /// All chunks but a file's last have `byteCount` bytes.
    static func every(_ byteCount: Int) -> ChunkBoundary {
        ChunkBoundary(largest: byteCount, smallest: byteCount)
    }

    /// Looks for the end of the chunk that `bytes` begins with.
    ///
    /// - Parameters:
    ///   - bytes: at most `largest`.
    ///   - known: how many of them were looked at before.
    /// - Returns: how many bytes the chunk has; nil when more must come to tell.
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

    /// The two sums over the window that ends before `end`, as rolling to there makes them.
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

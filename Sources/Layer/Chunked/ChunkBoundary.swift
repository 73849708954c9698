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
    private static let mask = UInt16.max
    private static let windowByteCount = 64
    private static let width: UInt16 = 64
    private static let characterOffset: UInt16 = 31

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
        if smallest < largest, start < bytes.count,
            let count = ChunkBoundary.count(before: start, in: bytes)
        {
            return count
        }
        return bytes.count >= largest ? largest : nil
    }

    /// How many bytes the chunk has when it ends behind `start`; nil when the sum says so nowhere.
    ///
    /// Only the low 16 bits of the sums matter, so eight bytes are summed at once. One by one, each
    /// addition waits for the one before: a third of the speed.
    private static func count(before start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var (low, high) = sums(bytes, upTo: start)
        var (lows, highs) = (SIMD8(repeating: low), SIMD8(repeating: high))
        let step = lows.scalarCount
        var index = start
        while index + step <= bytes.count {
            let dropped = lanes(bytes, index - windowByteCount)
            lows = runningSums(lanes(bytes, index) &- dropped) &+ lows
            highs = runningSums(lows &- (dropped &+ characterOffset) &* width) &+ highs
            if hasMask(highs) {
                for lane in 0..<step where highs[lane] == mask { return index + lane + 1 }
            }
            (lows, highs) = (SIMD8(repeating: lows[step - 1]), SIMD8(repeating: highs[step - 1]))
            index += step
        }
        (low, high) = (lows[0], highs[0])
        for index in index..<bytes.count {
            let dropped = UInt16(bytes[index - windowByteCount])
            low = low &+ UInt16(bytes[index]) &- dropped
            high = high &+ low &- (dropped &+ characterOffset) &* width
            if high == mask { return index + 1 }
        }
        return nil
    }

    /// Eight bytes from `offset` on.
    private static func lanes(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> SIMD8<UInt16> {
        SIMD8(
            truncatingIfNeeded: bytes.loadUnaligned(
                fromByteOffset: offset, as: SIMD8<UInt8>.self))
    }

    /// Each lane with all before it.
    private static func runningSums(_ lanes: SIMD8<UInt16>) -> SIMD8<UInt16> {
        // By words of four lanes, which processors shift at once; then the first word's sum goes to the
        // second.
        func moved(_ lanes: SIMD8<UInt16>, by factor: UInt64) -> SIMD8<UInt16> {
            let words = unsafeBitCast(lanes, to: SIMD2<UInt64>.self) &* factor
            return unsafeBitCast(words, to: SIMD8<UInt16>.self)
        }
        let pairs = lanes &+ moved(lanes, by: 1 << 16)
        let words = pairs &+ moved(pairs, by: 1 << 32)
        let sum = words[3]
        return words &+ SIMD8(0, 0, 0, 0, sum, sum, sum, sum)
    }

    /// Whether one of the lanes has all bits set.
    private static func hasMask(_ lanes: SIMD8<UInt16>) -> Bool {
        let words = unsafeBitCast(lanes, to: SIMD2<UInt64>.self)
        // Of the lanes inverted: a borrow into the highest bit comes from a zero.
        func hasZero(_ word: UInt64) -> Bool {
            (word &- 0x0001_0001_0001_0001) & ~word & 0x8000_8000_8000_8000 != 0
        }
        return hasZero(~words[0]) || hasZero(~words[1])
    }

    /// The two sums over the window that ends before `end`, as rolling to there makes them.
    private static func sums(
        _ bytes: UnsafeRawBufferPointer, upTo end: Int
    ) -> (low: UInt16, high: UInt16) {
        var low = width &* characterOffset
        var high = width &* (width - 1) &* characterOffset
        for byte in bytes[(end - windowByteCount)..<end] {
            low = low &+ UInt16(byte)
            high = high &+ low &- width &* characterOffset
        }
        return (low, high)
    }
}

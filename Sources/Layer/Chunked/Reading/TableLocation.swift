import JSON
import OCI

/// The position of a zstd:chunked layer's table and its digest, from the annotations of the layer's
/// descriptor.
///
/// - Spec: containers-storage, zstd:chunked.
public struct TableLocation: Hashable, Sendable {
    /// The digest of the stored, compressed table.
    public let digest: Digest
    /// The range of the stored table in the layer, in bytes.
    public let range: Range<Int64>
    /// The size of the decompressed table in bytes.
    public let uncompressedByteCount: Int64

    /// The maximum size of a stored table.
    public static let byteLimit: Int64 = 128 << 20
    /// The maximum size of a decompressed table.
    public static let uncompressedByteLimit: Int64 = 1 << 30

    private static let frameHeaderByteCount: Int64 = 8

    /// - Returns: nil for a layer without annotations of a table, or that is not zstd.
    /// - Throws: `TableError.location`, `.tooLarge`.
    public init?(_ layer: Descriptor) throws(TableError) {
        guard layer.mediaType.layerCompression == .zstd,
            let digestText = layer[annotation: Annotation.chunkedTableDigest]
        else { return nil }
        guard let digest = Digest(digestText) else {
            throw .location("'\(Annotation.chunkedTableDigest.text)' is no digest")
        }
        guard let position = layer[annotation: Annotation.chunkedTablePosition] else {
            throw .location("there is no '\(Annotation.chunkedTablePosition.text)'")
        }
        guard let numbers = TableLocation.numbers(position, count: 4) else {
            throw .location("the position is not four numbers")
        }
        guard numbers[3] == Int64(ChunkedFooter.type) else {
            throw .location("a table of the unknown type \(numbers[3])")
        }
        guard let range = TableLocation.range(numbers, in: layer) else {
            throw .location("the position is not inside the layer")
        }
        for (byteCount, limit) in [
            (numbers[1], TableLocation.byteLimit),
            (numbers[2], TableLocation.uncompressedByteLimit),
        ] where byteCount > limit {
            throw .tooLarge(byteCount: byteCount, limit: limit)
        }
        self.digest = digest
        self.range = range
        uncompressedByteCount = numbers[2]
    }

    /// The numbers of a position, separated by colons; nil for another text.
    static func numbers(_ position: String, count: Int) -> [Int64]? {
        let parts = position.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap(number)
        return numbers.count == count && parts.count == count ? numbers : nil
    }

    /// The range of a position's first two numbers, offset and size; nil when the layer does not
    /// have it, or has no frame header before it.
    static func range(_ numbers: [Int64], in layer: Descriptor) -> Range<Int64>? {
        let (end, isOverflow) = numbers[0].addingReportingOverflow(numbers[1])
        guard !isOverflow, numbers[0] >= frameHeaderByteCount, numbers[1] > 0, numbers[2] > 0,
            end <= layer.size
        else { return nil }
        return numbers[0]..<end
    }

    /// Digits only.
    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else {
            return nil
        }
        return Int64(text)
    }

    /// The range that may have frames of files: before the frame of the table.
    var frames: Range<Int64> { 0..<(range.lowerBound - TableLocation.frameHeaderByteCount) }
}

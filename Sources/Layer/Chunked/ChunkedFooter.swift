import OCI

/// The last 72 bytes of a zstd:chunked stream: a skippable frame with the position of the table.
///
/// - Spec: containers-storage, zstd:chunked.
struct ChunkedFooter: Equatable {
    /// Position of a skippable frame's payload.
    struct Position: Equatable {
        /// From the stream's first byte.
        var offset: UInt64
        var byteCount: UInt64
        var uncompressedByteCount: UInt64
    }

    /// The magic of the frames of the table, of tar-split and of the footer itself.
    static let magic: UInt32 = 0x184D_2A50
    static let payloadByteCount = 64
    /// The only type of table.
    static let type: UInt64 = 1
    private static let signature = Array("GNUlInUx".utf8)

    var table: Position
    var tarSplit: Position

    init(table: Position, tarSplit: Position) {
        self.table = table
        self.tarSplit = tarSplit
    }

    /// - Returns: nil when the payload is not a footer.
    init?(payload: [UInt8]) {
        guard payload.count == ChunkedFooter.payloadByteCount,
            payload[56...].elementsEqual(ChunkedFooter.signature)
        else { return nil }
        let numbers = (0..<7).map { index in
            payload[(8 * index)..<(8 * index + 8)].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
        }
        guard numbers[3] == ChunkedFooter.type else { return nil }
        table = Position(
            offset: numbers[0], byteCount: numbers[1], uncompressedByteCount: numbers[2])
        tarSplit = Position(
            offset: numbers[4], byteCount: numbers[5], uncompressedByteCount: numbers[6])
    }

    var payload: [UInt8] {
        let numbers = [
            table.offset, table.byteCount, table.uncompressedByteCount, ChunkedFooter.type,
            tarSplit.offset, tarSplit.byteCount, tarSplit.uncompressedByteCount,
        ]
        return numbers.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
            + ChunkedFooter.signature
    }
}

/// Position of the table in a zstd:chunked stream, and the digest that proves it.
///
/// - Spec: containers-storage, zstd:chunked: the annotations of a layer's descriptor.
public struct ChunkedTable: Hashable, Sendable {
    /// The table's text before its last member, the digest of tar-split.
    static let digestKey: StaticString = ",\"tarSplitDigest\":"

    /// The digest of the stored, compressed table.
    public let digest: Digest
    /// `offset:compressed:uncompressed:1`.
    public let position: String
    /// `offset:compressed:uncompressed`.
    public let tarSplitPosition: String

    init(_ footer: ChunkedFooter, digest: Digest) {
        self.digest = digest
        func text(_ position: ChunkedFooter.Position) -> String {
            "\(position.offset):\(position.byteCount):\(position.uncompressedByteCount)"
        }
        position = "\(text(footer.table)):\(ChunkedFooter.type)"
        tarSplitPosition = text(footer.tarSplit)
    }

    /// Sets the annotations by which readers find the table.
    func annotate(_ descriptor: inout Descriptor) {
        descriptor[annotation: Annotation.chunkedTableDigest] = digest.description
        descriptor[annotation: Annotation.chunkedTablePosition] = position
        descriptor[annotation: Annotation.chunkedTarSplitPosition] = tarSplitPosition
    }
}

/// The header of a zstd skippable frame.
///
/// - Spec: RFC 8878, section 3.1.2.
func skippableHeader(_ magic: UInt32, _ byteCount: UInt32) -> [UInt8] {
    [magic, byteCount].flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}

func skippableFrame(_ magic: UInt32, _ payload: [UInt8]) -> [UInt8] {
    skippableHeader(magic, UInt32(payload.count)) + payload
}

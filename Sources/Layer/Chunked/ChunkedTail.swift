import Hashing
import OCI

/// Follows the skippable frames after the data of a zstd stream. In a zstd:chunked stream they are
/// a table, its tar-split and a footer that agree with each other.
///
/// Tables are not stored, and only the last four frames are remembered.
///
/// - Spec: containers-storage, zstd:chunked.
struct ChunkedTail {
    private enum Frame {
        case trailer(LayerTrailer)
        case table(PassedTable)
        case other
    }

    /// The trailer, the table, tar-split and the footer.
    static let frameCount = 4

    private var frames: [Frame] = []
    private var current: PassedTable?
    /// One decoder for all frames, because creating one takes longer than reading a small frame.
    private var decoder: ZstdDecoder?

    /// Forgets the previous frames, because data follows.
    mutating func restart() {
        frames.removeAll(keepingCapacity: true)
        current = nil
    }

    /// States that a skippable frame begins, with its payload at `offset`.
    mutating func begin(magic: UInt32, offset: Int64, byteCount: UInt32) {
        current = nil
        guard magic == ChunkedFooter.magic else { return }
        let isFooter = byteCount == ChunkedFooter.payloadByteCount
        current = PassedTable(
            offset: offset, byteCount: byteCount, decoder: isFooter ? nil : restartedDecoder())
    }

    /// - Returns: nil when memory is exhausted.
    private mutating func restartedDecoder() -> ZstdDecoder? {
        if let decoder {
            decoder.restart()
        } else {
            do throws(LayerError) {
                decoder = try ZstdDecoder(path: "table")
            } catch {
                decoder = nil
            }
        }
        return decoder
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { current?.update(bytes) }

    /// States that the frame ended.
    mutating func end(_ trailer: LayerTrailer?) {
        if frames.count == ChunkedTail.frameCount { frames.removeFirst() }
        if let trailer {
            frames.append(.trailer(trailer))
        } else if let table = current {
            table.finish()
            frames.append(.table(table))
        } else {
            frames.append(.other)
        }
        current = nil
    }

    /// The table, when the last three frames are a table, its tar-split and its footer.
    var table: ChunkedTable? {
        let last = frames.suffix(3).compactMap { frame in
            if case .table(let table) = frame { table } else { nil }
        }
        guard last.count == 3, let footer = ChunkedFooter(payload: last[2].head),
            footer.table == last[0].position, footer.tarSplit == last[1].position,
            last[0].names(tarSplit: last[1].digest)
        else { return nil }
        return ChunkedTable(footer, digest: last[0].digest)
    }

    /// The layer trailer, when it directly precedes them and has the digest of the table.
    var trailer: LayerTrailer? {
        guard frames.count == ChunkedTail.frameCount, case .trailer(let trailer) = frames[0],
            let table, trailer.tableDigest == table.digest
        else { return nil }
        return trailer
    }
}

/// A skippable frame that may be a table, tar-split or the footer; it is decompressed as it is
/// read.
private final class PassedTable {
    private let offset: Int64
    private let byteCount: UInt32
    private let hash = StreamingDigest()
    /// nil when the frame does not decompress, or has ended.
    private var decoder: ZstdDecoder?
    private var isDecompressed = false
    private var uncompressedByteCount: UInt64 = 0
    /// The end of the decompressed text.
    private var end: [UInt8] = []
    /// The beginning of the stored payload, enough for a footer.
    private(set) var head: [UInt8] = []
    /// The digest of the whole payload; valid after the frame ended.
    private(set) lazy var digest = hash.finalize()

    /// The comma, the key, the digest in quotes and the brace.
    private static let endByteCount = ChunkedTable.digestKey.utf8CodeUnitCount + 2 + 71 + 1

    init(offset: Int64, byteCount: UInt32, decoder: ZstdDecoder?) {
        self.offset = offset
        self.byteCount = byteCount
        self.decoder = decoder
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bytes)
        let missing = ChunkedFooter.payloadByteCount - head.count
        head.append(contentsOf: bytes.prefix(missing))
        do throws(LayerError) {
            try decoder?.decode(bytes) { (text) throws(LayerError) in
                uncompressedByteCount += UInt64(text.count)
                end.append(contentsOf: text.suffix(PassedTable.endByteCount))
                if end.count > PassedTable.endByteCount {
                    end.removeFirst(end.count - PassedTable.endByteCount)
                }
            }
        } catch {
            decoder = nil
        }
    }

    func finish() {
        do throws(LayerError) {
            try decoder?.finish()
            isDecompressed = decoder != nil
        } catch {
            isDecompressed = false
        }
        decoder = nil
    }

    /// Its position in the stream; nil when it does not decompress.
    var position: ChunkedFooter.Position? {
        guard isDecompressed else { return nil }
        return ChunkedFooter.Position(
            offset: UInt64(offset), byteCount: UInt64(byteCount),
            uncompressedByteCount: uncompressedByteCount)
    }

    /// Whether the table ends with the digest of this tar-split.
    func names(tarSplit: Digest) -> Bool {
        end.elementsEqual("\(ChunkedTable.digestKey)\"\(tarSplit)\"}".utf8)
    }
}

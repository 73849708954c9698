import Hashing
import OCI

/// Follows the skippable frames behind the data of a zstd stream: where they make it zstd:chunked, they
/// are a table, its tar-split and a footer that agree with each other.
///
/// Tables pass through; of any number of frames no more than the last four are remembered.
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
    /// One for all frames: to make one takes longer than to pass a small frame.
    private var decoder: ZstdDecoder?

    /// Forgets the previous frames: data follows them.
    mutating func restart() {
        frames.removeAll(keepingCapacity: true)
        current = nil
    }

    /// A skippable frame begins, whose payload stands at `offset`.
    mutating func begin(magic: UInt32, offset: Int64, byteCount: UInt32) {
        current = nil
        guard magic == ChunkedFooter.magic else { return }
        let isFooter = byteCount == ChunkedFooter.payloadByteCount
        current = PassedTable(
            offset: offset, byteCount: byteCount, decoder: isFooter ? nil : restartedDecoder())
    }

    /// - Returns: nil when there is no memory for one.
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

    /// The frame ended.
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

    /// The table, when the last three frames are one, its tar-split and its footer.
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

    /// The layer trailer, when it stands right before them and names the table.
    var trailer: LayerTrailer? {
        guard frames.count == ChunkedTail.frameCount, case .trailer(let trailer) = frames[0],
            let table, trailer.tableDigest == table.digest
        else { return nil }
        return trailer
    }
}

/// A skippable frame that may hold a table, tar-split or the footer; decompressed as it passes.
private final class PassedTable {
    private let offset: Int64
    private let byteCount: UInt32
    private let hash = StreamingDigest()
    /// While it passes and decompresses.
    private var decoder: ZstdDecoder?
    private var isDecompressed = false
    private var uncompressedByteCount: UInt64 = 0
    /// The end of what it decompresses to.
    private var end: [UInt8] = []
    /// The beginning as it is stored, enough for a footer.
    private(set) var head: [UInt8] = []
    /// Digest of the whole payload; valid after the frame ended.
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

    /// Whether the table ends by naming that tar-split.
    func names(tarSplit: Digest) -> Bool {
        end.elementsEqual("\(ChunkedTable.digestKey)\"\(tarSplit)\"}".utf8)
    }
}

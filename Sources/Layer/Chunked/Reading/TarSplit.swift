import ByteStream
import Hashing
import OCI

/// The position of a zstd:chunked layer's tar-split, from the annotation of the layer's descriptor.
///
/// - Spec: containers-storage, zstd:chunked.
public struct TarSplitLocation: Hashable, Sendable {
    /// The range of the stored tar-split in the layer, in bytes.
    public let range: Range<Int64>
    /// The size of the decompressed tar-split in bytes.
    public let uncompressedByteCount: Int64

    /// - Returns: nil for a layer without the annotation, or that is not zstd.
    /// - Throws: `TableError.location`.
    public init?(_ layer: Descriptor) throws(TableError) {
        guard layer.mediaType.layerCompression == .zstd,
            let position = layer[annotation: Annotation.chunkedTarSplitPosition]
        else { return nil }
        guard let numbers = TableLocation.numbers(position, count: 3) else {
            throw .location("the position of its tar-split is not three numbers")
        }
        guard let range = TableLocation.range(numbers, in: layer) else {
            throw .location("the position of its tar-split is not inside the layer")
        }
        self.range = range
        uncompressedByteCount = numbers[2]
    }
}

/// Checks a stored tar-split as it passes: its digest in the table, and its size.
public final class TarSplitPayload {
    private let location: TarSplitLocation
    private let expected: Digest?
    private let hash: StreamingDigest
    private let decoder: ZstdDecoder
    private var uncompressedByteCount: Int64 = 0

    /// - Parameters:
    ///   - digest: the digest in the table; nil when the table has none.
    ///   - layer: the name of the layer in messages.
    /// - Throws: `LayerError.library`.
    public init(
        _ location: TarSplitLocation, digest: Digest?, layer: Path
    ) throws(LayerError) {
        self.location = location
        expected = digest
        hash = StreamingDigest(digest?.algorithm ?? .sha256)
        decoder = try ZstdDecoder(path: layer)
    }

    /// - Throws: `TableError.malformed`.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(TableError) {
        hash.update(bytes)
        try check { () throws(LayerError) in
            try decoder.decode(bytes) { uncompressedByteCount += Int64($0.count) }
        }
    }

    /// States that all bytes of its range have passed.
    ///
    /// - Throws: `TableError.malformed`.
    public func finish() throws(TableError) {
        try check { () throws(LayerError) in try decoder.finish() }
        if let expected, hash.finalize() != expected {
            throw .malformed("its tar-split has another digest")
        }
        guard uncompressedByteCount == location.uncompressedByteCount else {
            throw .malformed(
                "its tar-split has \(uncompressedByteCount) bytes, but its annotation says "
                    + "\(location.uncompressedByteCount)")
        }
    }

    private func check(_ body: () throws(LayerError) -> Void) throws(TableError) {
        do throws(LayerError) {
            try body()
        } catch {
            throw .malformed("its tar-split does not decompress: \(error.message)")
        }
    }
}

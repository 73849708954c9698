import ByteStream
import Hashing
import JSON
import OCI

/// Reads the table of a zstd:chunked layer: its files and their positions.
///
/// The stored table is verified against the digest in the layer's annotation before it is parsed.
/// It is decompressed piece by piece, and never to more than the annotation states.
///
/// - Spec: containers-storage, zstd:chunked.
public struct TableReader {
    private let location: TableLocation
    private let layer: Path

    /// - Parameter layer: the name of the layer in messages.
    public init(_ location: TableLocation, layer: Path) {
        self.location = location
        self.layer = layer
    }

    /// Checks that bytes are the stored table.
    ///
    /// - Throws: `VerificationError`.
    public func verify(_ stored: [UInt8]) throws(VerificationError) {
        let verifier = Verifier(
            digest: location.digest, size: Int64(location.range.count), subject: "table of \(layer)"
        )
        try stored.withRawBytes { (bytes) throws(VerificationError) in try verifier.update(bytes) }
        try verifier.finish()
    }

    /// Calls `body` with each entry of the table, in its order.
    ///
    /// - Returns: the digest of the stored tar-split; nil when the table has none.
    /// - Throws: `VerificationError` for other bytes than the table's; `TableError.malformed`; what
    ///   `body` throws.
    @discardableResult
    public func read(_ stored: [UInt8], _ body: (TableFile) throws -> Void) throws -> Digest? {
        try verify(stored)
        var text = TableText()
        var files = TableFiles(location.frames)
        try decompress(stored) { bytes in
            try text.update(bytes) { element in
                if let file = try files.add(element) { try body(file) }
            }
        }
        if let file = try files.finish() { try body(file) }
        let rest = try text.finish()
        guard rest["version"] == .integer(1) else {
            throw TableError.malformed("its version is not 1")
        }
        guard let text = rest["tarSplitDigest"]?.string?.text, !text.isEmpty else { return nil }
        guard let digest = Digest(text) else {
            throw TableError.malformed("the digest of its tar-split is no digest")
        }
        return digest
    }

    private func decompress(
        _ stored: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let decoder = try ZstdDecoder(path: layer)
        var remaining = location.uncompressedByteCount
        var failure: (any Error)?
        do throws(LayerError) {
            try stored.withRawBytes { (bytes) throws(LayerError) in
                try decoder.decode(bytes) { (bytes) throws(LayerError) in
                    do {
                        remaining -= Int64(bytes.count)
                        guard remaining >= 0 else {
                            throw TableError.malformed("it is larger than its annotation says")
                        }
                        try body(bytes)
                    } catch {
                        failure = error
                        throw .stream(.read(path: layer, .cancelled))
                    }
                }
            }
            try decoder.finish()
        } catch {
            throw failure ?? TableError.malformed(error.message)
        }
        guard remaining == 0 else {
            throw TableError.malformed("it is smaller than its annotation says")
        }
    }
}

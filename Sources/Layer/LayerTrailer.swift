import Hashing
import JSON
import OCI

/// The last frame of a layer that `oci-zstd` wrote: the proof that it is whole, and its diffID.
///
/// A zstd skippable frame, which every decoder passes over, whose payload is the descriptor of the
/// uncompressed tar.
///
/// - Spec: RFC 8878, section 3.1.2, Skippable Frames; the design's "layer trailer".
public struct LayerTrailer: Hashable, Sendable {
    /// `0x184D2A5D`, little-endian.
    static let magic: UInt32 = 0x184D_2A5D

    /// The most payload that is read of a trailer: one descriptor needs about 160 bytes.
    static let payloadLimit = 4096

    /// Digest and size of the uncompressed tar.
    public let tar: BlobIdentity

    public init(tar: BlobIdentity) {
        self.tar = tar
    }

    /// The whole frame.
    public var frame: [UInt8] {
        let payload = Descriptor(mediaType: .layer, digest: tar.digest, size: tar.size)
            .document.serialized()
        return littleEndian(LayerTrailer.magic) + littleEndian(UInt32(payload.count)) + payload
    }

    /// - Returns: nil when the payload is not that of a layer trailer.
    init?(payload: [UInt8]) {
        do {
            let descriptor = try Descriptor(JSONField(JSON.parse(payload)))
            guard descriptor.mediaType == .layer else { return nil }
            tar = BlobIdentity(digest: descriptor.digest, size: descriptor.size)
        } catch {
            return nil
        }
    }

    private func littleEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

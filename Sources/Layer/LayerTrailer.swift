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

    /// The most payload that is read of a trailer: one descriptor needs about 300 bytes.
    static let payloadLimit = 4096

    /// Digest and size of the uncompressed tar.
    public let tar: BlobIdentity

    /// Of a chunked layer's table as it is stored, so that the trailer proves what follows it too.
    public let tableDigest: Digest?

    public init(tar: BlobIdentity, tableDigest: Digest? = nil) {
        self.tar = tar
        self.tableDigest = tableDigest
    }

    /// The whole frame.
    public var frame: [UInt8] {
        var descriptor = Descriptor(mediaType: .layer, digest: tar.digest, size: tar.size)
        descriptor[annotation: Annotation.chunkedTableDigest] = tableDigest?.description
        let payload = descriptor.document.serialized()
        return skippableFrame(LayerTrailer.magic, payload)
    }

    /// - Returns: nil when the payload is not that of a layer trailer.
    init?(payload: [UInt8]) {
        do {
            let descriptor = try Descriptor(JSONField(JSON.parse(payload)))
            guard descriptor.mediaType == .layer else { return nil }
            tar = BlobIdentity(digest: descriptor.digest, size: descriptor.size)
            tableDigest = descriptor[annotation: Annotation.chunkedTableDigest].flatMap {
                Digest($0)
            }
        } catch {
            return nil
        }
    }
}

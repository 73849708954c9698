import Hashing
import JSON
import OCI

/// The last frame of a layer by `oci-zstd`: the proof that the layer is complete, and its diffID.
///
/// It is a zstd skippable frame, which every decoder skips, with the descriptor of the uncompressed
/// tar as its payload.
///
/// - Spec: RFC 8878, section 3.1.2, Skippable Frames; docs/design.md, "A broken pipe never
///   becomes an image", 3.
public struct LayerTrailer: Hashable, Sendable {
    /// `0x184D2A5D`, little-endian.
    static let magic: UInt32 = 0x184D_2A5D

    /// The maximum size of a trailer's payload; a descriptor takes about 300 bytes.
    static let payloadLimit = 4096

    /// Digest and size of the uncompressed tar.
    public let tar: BlobIdentity

    /// The digest of a chunked layer's stored table, so that the trailer also proves the frames
    /// after it.
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

    /// - Returns: nil when the payload is not a layer trailer.
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

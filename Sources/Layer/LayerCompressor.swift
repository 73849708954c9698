import ByteStream
import Hashing
import OCI
import Tar

/// Turns a tar into a zstd layer as it streams: the tar is checked, hashed and compressed.
///
/// The trailer is written only after the tar ended; on any error the zstd frame stays unfinished.
///
/// - Spec: docs/design.md, "A broken pipe never becomes an image", 3; image-spec v1.1.1, layer.md.
public struct LayerCompressor {
    /// What the input is, and whether a trailer proves its end.
    public enum Content: Sendable {
        /// A tar, with a trailer at the end.
        case layer
        /// A tar, without a trailer.
        case tar
        /// Any bytes, without a trailer.
        case any
    }

    private let settings: ZstdCompressor.Settings
    private let content: Content

    public init(_ settings: ZstdCompressor.Settings, content: Content) {
        self.settings = settings
        self.content = content
    }

    /// Compresses the whole input.
    ///
    /// - Throws: `LayerError`, and what the input throws; then the output has no end.
    public func compress(_ input: InputStream, to output: OutputBuffer) throws(LayerError) {
        let compressor = try ZstdCompressor(
            settings, output: output, isMarked: content == .layer)
        var tar = TarFollower(path: input.path)
        let digest = StreamingDigest()
        try input.readParts(failure: LayerError.stream) { (bytes) throws(LayerError) in
            if content != .any { try follow(&tar, bytes) }
            if content == .layer { digest.update(bytes) }
            try compressor.compress(bytes)
        }
        if input.byteCount == 0 { throw .empty(path: input.path) }
        do {
            if content != .any { try tar.finish() }
        } catch {
            throw .tar(error)
        }
        try compressor.finish()
        do {
            if content == .layer {
                let identity = BlobIdentity(digest: digest.finalize(), size: digest.byteCount)
                try output.append(LayerTrailer(tar: identity).frame)
            }
            try output.flush()
        } catch {
            throw .stream(error)
        }
    }

    private func follow(
        _ tar: inout TarFollower, _ bytes: UnsafeRawBufferPointer
    ) throws(LayerError) {
        do {
            try tar.update(bytes)
        } catch {
            throw .tar(error)
        }
    }
}

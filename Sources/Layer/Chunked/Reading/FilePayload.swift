import ByteStream
import Hashing
import Tar

/// Decodes the frames of a file as they arrive, and verifies each chunk and the whole file against
/// the table.
public final class FilePayload {
    private let frames: FileFrames
    private let file: Path
    private let layer: Path
    private let decoder: ZstdDecoder
    private let fileDigest = StreamingDigest()
    private let chunkDigest = StreamingDigest()
    private var index = 0
    /// The offset of the next byte in the layer.
    private var offset: Int64
    /// The number of bytes of the chunk that are still to come.
    private var remaining: UInt64

    /// - Parameters:
    ///   - file: the name of the file in messages.
    ///   - layer: the name of the layer in messages.
    /// - Throws: `LayerError.library`.
    public init(_ frames: FileFrames, file: Path, layer: Path) throws(LayerError) {
        self.frames = frames
        self.file = file
        self.layer = layer
        decoder = try ZstdDecoder(path: layer)
        offset = frames.range.lowerBound
        remaining = frames.chunks[0].byteCount
    }

    /// Decodes more bytes of the frames' range in the layer.
    ///
    /// - Parameter consume: receives content before it is verified.
    /// - Throws: `LayerError.table` for content that does not match the table; `.malformed`; what
    ///   `consume` throws.
    public func update(
        _ bytes: UnsafeRawBufferPointer,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws(LayerError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = chunkEnd
            guard offset < end else { throw different("more frames than chunks") }
            let part = rest.prefix(Int(min(end - offset, Int64(rest.count))))
            try decoder.decode(UnsafeRawBufferPointer(rebasing: part)) {
                (content) throws(LayerError) in
                guard UInt64(content.count) <= remaining else {
                    throw different("a chunk is longer")
                }
                remaining -= UInt64(content.count)
                chunkDigest.update(content)
                if frames.digest != nil { fileDigest.update(content) }
                try consume(content)
            }
            rest = rest.dropFirst(part.count)
            offset += Int64(part.count)
            if offset == end { try endChunk() }
        }
    }

    /// Checks that the file is complete.
    public func finish() throws(LayerError) {
        guard index == frames.chunks.count else { throw different("it is cut") }
        if let digest = frames.digest, digest != fileDigest.finalizeBytes() {
            throw different("another digest")
        }
    }

    /// The offset of the end of the chunk in the layer.
    private var chunkEnd: Int64 {
        index + 1 < frames.chunks.count ? frames.chunks[index + 1].offset : frames.range.upperBound
    }

    private func endChunk() throws(LayerError) {
        try decoder.finish()
        guard remaining == 0 else { throw different("a chunk is shorter") }
        guard chunkDigest.finalizeBytes() == frames.chunks[index].digest else {
            throw different("a chunk has another digest")
        }
        chunkDigest.restart()
        index += 1
        if index < frames.chunks.count { remaining = frames.chunks[index].byteCount }
    }

    private func different(_ problem: String) -> LayerError {
        .table(path: layer, file: file, problem)
    }
}

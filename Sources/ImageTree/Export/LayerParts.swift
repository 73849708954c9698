import ByteStream
import Layer

/// Files of a zstd:chunked layer, read by range requests; files near each other share a request.
final class LayerParts {
    /// The largest gap of unneeded frames that takes less time than another request.
    private static let gapByteLimit: Int64 = 64 << 10

    /// The frames of files, by the offset of their attributes in the layer's listing.
    private let files: [UInt32: FileFrames]
    private let layer: ChunkedLayer
    /// The ranges that are still to be read, the last first.
    private var stretches: [Range<Int64>] = []
    /// The current source, and the rest of its range in the layer.
    private var current: (source: any ByteSource, rest: Range<Int64>)?

    /// - Parameter order: the order in which files will be read.
    init(_ files: [UInt32: FileFrames], order: [UInt32], _ layer: ChunkedLayer) {
        self.files = files
        self.layer = layer
        for frames in order.compactMap({ files[$0]?.range }) {
            if let last = stretches.last, frames.lowerBound >= last.upperBound,
                frames.lowerBound - last.upperBound <= LayerParts.gapByteLimit
            {
                stretches[stretches.count - 1] = last.lowerBound..<frames.upperBound
            } else {
                stretches.append(frames)
            }
        }
        stretches.reverse()
    }

    /// The frames of a file's content; nil without content.
    func frames(at offset: UInt32) -> FileFrames? { files[offset] }

    /// Reads and verifies the content of a file.
    ///
    /// - Parameters:
    ///   - file: its name in messages.
    ///   - consume: receives content before it is verified.
    /// - Throws: `LayerError`, and what the layer's place throws.
    func read(
        _ frames: FileFrames, of file: Path,
        to consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
    ) throws {
        let payload = try FilePayload(
            frames, file: file, layer: layer.layer.descriptor.layerPath)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: readByteCount, alignment: 4096)
        defer { buffer.deallocate() }
        try seek(to: frames.range, buffer)
        while let (source, rest) = current, rest.lowerBound < frames.range.upperBound {
            let count = try readPart(
                source, rest, buffer, limit: frames.range.upperBound - rest.lowerBound)
            try payload.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: consume)
        }
        try payload.finish()
    }

    /// Skips the bytes before some frames.
    private func seek(
        to frames: Range<Int64>, _ buffer: UnsafeMutableRawBufferPointer
    ) throws {
        while current.map({ !$0.rest.contains(frames.lowerBound) }) ?? true {
            guard let next = stretches.popLast() else { throw ImageTreeError.damaged }
            current = (layer.open(next), next)
        }
        while let (source, rest) = current, rest.lowerBound < frames.lowerBound {
            _ = try readPart(source, rest, buffer, limit: frames.lowerBound - rest.lowerBound)
        }
    }

    private func readPart(
        _ source: any ByteSource, _ rest: Range<Int64>, _ buffer: UnsafeMutableRawBufferPointer,
        limit: Int64
    ) throws -> Int {
        let count = try source.read(
            into: UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(limit, Int64(buffer.count)))]))
        // The source has the requested number of bytes, or throws.
        guard count > 0 else { throw ImageTreeError.damaged }
        current = (source, (rest.lowerBound + Int64(count))..<rest.upperBound)
        return count
    }
}

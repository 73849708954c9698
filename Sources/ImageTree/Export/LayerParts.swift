import ByteStream
import Layer

/// Files of a zstd:chunked layer, read part by part: those that are near each other by one request.
final class LayerParts {
    /// Frames that are not wanted and cost less than another request.
    private static let gapByteLimit: Int64 = 64 << 10

    /// By where their attributes are in the layer's listing.
    private let files: [UInt32: FileFrames]
    private let layer: ChunkedLayer
    /// What is still to be read, the last first.
    private var stretches: [Range<Int64>] = []
    /// What is being read, and where in the layer its next byte is.
    private var current: (source: any ByteSource, rest: Range<Int64>)?

    /// - Parameter order: in which files are going to be read.
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

    /// Where the content of a file is; nil for what has none.
    func frames(at offset: UInt32) -> FileFrames? { files[offset] }

    /// Reads the content of a file, and checks it.
    ///
    /// - Parameters:
    ///   - file: what messages call it.
    ///   - consume: gets content before it is proved.
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
            let count = try take(
                source, rest, buffer, limit: frames.range.upperBound - rest.lowerBound)
            try payload.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: consume)
        }
        try payload.finish()
    }

    /// Passes over what is before some frames.
    private func seek(
        to frames: Range<Int64>, _ buffer: UnsafeMutableRawBufferPointer
    ) throws {
        while current.map({ !$0.rest.contains(frames.lowerBound) }) ?? true {
            guard let next = stretches.popLast() else { throw ImageTreeError.damaged }
            current = (layer.open(next), next)
        }
        while let (source, rest) = current, rest.lowerBound < frames.lowerBound {
            _ = try take(source, rest, buffer, limit: frames.lowerBound - rest.lowerBound)
        }
    }

    private func take(
        _ source: any ByteSource, _ rest: Range<Int64>, _ buffer: UnsafeMutableRawBufferPointer,
        limit: Int64
    ) throws -> Int {
        let count = try source.read(
            into: UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(limit, Int64(buffer.count)))]))
        // The source has as many bytes as it was opened for, or throws.
        guard count > 0 else { throw ImageTreeError.damaged }
        current = (source, (rest.lowerBound + Int64(count))..<rest.upperBound)
        return count
    }
}

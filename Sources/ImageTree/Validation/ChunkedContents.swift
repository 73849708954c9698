import ByteStream
import Hashing
import ImageStore
import Layer
import OCI
import Tar

/// Checks the parts of a zstd:chunked layer that its table names, by reading the layer once: the
/// frames of each file, and tar-split.
struct ChunkedContents {
    private struct Part {
        enum Content {
            case file(Path, FileFrames)
            case tarSplit(TarSplitLocation)
        }

        let range: Range<Int64>
        let content: Content
    }

    fileprivate enum Payload {
        case file(FilePayload)
        case tarSplit(TarSplitPayload)
    }

    private let layer: Path
    private var parts: [Part] = []
    private var tarSplitDigest: Digest?

    /// - Parameter tarSplit: nil when the layer has none.
    init(layer: Path, tarSplit: TarSplitLocation?) {
        self.layer = layer
        if let tarSplit {
            parts.append(Part(range: tarSplit.range, content: .tarSplit(tarSplit)))
        }
    }

    /// Whether there is nothing to check.
    var isEmpty: Bool { parts.isEmpty }

    /// Adds all files of the table.
    ///
    /// - Throws: as `TableReader.read`.
    mutating func add(_ table: [UInt8], _ reader: TableReader) throws {
        tarSplitDigest = try reader.read(table) { file in
            guard let frames = file.frames else { return }
            parts.append(
                Part(range: frames.range, content: .file(Path(file.entry.path), frames)))
        }
    }

    /// Reads the layer to its end.
    ///
    /// - Throws: `TableError`, `LayerError`, and what `blob` throws.
    mutating func check(_ blob: any BlobSource) throws {
        parts.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (part, next) in zip(parts, parts.dropFirst())
        where part.range.upperBound > next.range.lowerBound {
            throw TableError.malformed("two of its files share a frame")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: readByteCount, alignment: 4096)
        defer { buffer.deallocate() }
        var rest = parts[...]
        var payload: Payload?
        var offset: Int64 = 0
        while true {
            let count = try blob.read(into: buffer)
            if count == 0 { return }
            let here = offset..<(offset + Int64(count))
            while let part = rest.first, part.range.overlaps(here) {
                let current = try payload ?? self.payload(of: part)
                let shared = here.clamped(to: part.range)
                try current.update(
                    UnsafeRawBufferPointer(
                        rebasing: buffer[
                            Int(shared.lowerBound - offset)..<Int(shared.upperBound - offset)]))
                payload = current
                if part.range.upperBound > here.upperBound { break }
                try current.finish()
                payload = nil
                rest.removeFirst()
            }
            offset = here.upperBound
        }
    }

    private func payload(of part: Part) throws -> Payload {
        switch part.content {
        case .file(let path, let frames):
            .file(try FilePayload(frames, file: path, layer: layer))
        case .tarSplit(let location):
            .tarSplit(try TarSplitPayload(location, digest: tarSplitDigest, layer: layer))
        }
    }
}

extension ChunkedContents.Payload {
    fileprivate func update(_ bytes: UnsafeRawBufferPointer) throws {
        switch self {
        case .file(let file): try file.update(bytes) { _ in }
        case .tarSplit(let tarSplit): try tarSplit.update(bytes)
        }
    }

    fileprivate func finish() throws {
        switch self {
        case .file(let file): try file.finish()
        case .tarSplit(let tarSplit): try tarSplit.finish()
        }
    }
}

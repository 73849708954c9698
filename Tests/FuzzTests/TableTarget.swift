import ByteStream
import CZstd
import Hashing
import OCI
import Tar

@testable import Layer

/// A position in the form of an annotation, the text of a table, and the layer before the table.
@Sendable func checkTable(_ input: [UInt8]) throws {
    let parts = parts(of: input, 3)
    try checkLocation(text(parts[0]))
    try checkPieces(of: parts[1])
    let stored = frame(of: parts[1])
    let layer = parts[2]
    guard
        let location = try TableLocation(
            descriptor(
                Digest.of(stored),
                "\(layer.count + 8):\(stored.count):\(max(1, parts[1].count)):1",
                size: Int64(layer.count + 8 + stored.count)))
    else { throw Broken("no location") }
    var files: [TableFile] = []
    let read = try outcome {
        try TableReader(location, layer: "fuzz").read(stored) { files.append($0) }
        return files.count
    }
    guard read.value != nil else { return }
    var frameByteCount: Int64 = 0
    for file in files {
        try checkFile(file, layer)
        frameByteCount += Int64(file.frames?.range.count ?? 0)
    }
    try expect(frameByteCount <= Int64(layer.count), "more frames than the layer has room for")
}

private func descriptor(_ digest: Digest, _ position: String, size: Int64) -> Descriptor {
    var descriptor = Descriptor(mediaType: .layerZstd, digest: .of([]), size: size)
    descriptor[annotation: Annotation.chunkedTableDigest] = digest.description
    descriptor[annotation: Annotation.chunkedTablePosition] = position
    return descriptor
}

private func checkLocation(_ position: String) throws {
    let size: Int64 = 1 << 40
    let location = try outcome {
        try TableLocation(descriptor(.of([]), position, size: size))?.range
    }
    guard case .accepted(let range?) = location else { return }
    try expect(!range.isEmpty && range.lowerBound >= 8 && range.upperBound <= size, "\(range)")
    try expect(range.count <= TableLocation.byteLimit, "\(range)")
}

/// The elements do not depend on how the text is split.
private func checkPieces(of text: [UInt8]) throws {
    func elements(_ sizes: [Int]) throws -> Outcome<[[UInt8]]> {
        try outcome {
            var elements: [[UInt8]] = []
            var table = TableText()
            try forEachPiece(of: text, sizes: sizes) { piece in
                try table.update(piece) { elements.append($0) }
            }
            _ = try table.finish()
            return elements
        }
    }
    let whole = try elements([])
    for sizes in ChunkedSource.cuts(of: text).dropFirst() {
        let other = try elements(sizes)
        try expect(
            other == whole || (other.isRefused && whole.isRefused),
            "in pieces of \(sizes): \(other), else \(whole)")
    }
}

/// A table's entry for a file is consistent, and frames are that file or refused.
private func checkFile(_ file: TableFile, _ layer: [UInt8]) throws {
    try expect(!file.entry.path.isEmpty && !file.entry.path.contains(0), "a name")
    try expect(file.entry.mode <= 0o7777, "a mode")
    guard file.entry.size > 0 else {
        return try expect(file.frames == nil, "frames of nothing")
    }
    guard let frames = file.frames else { throw Broken("content without frames") }
    try expect(file.entry.kind == .file && file.digest?.count == 32, "content of what is no file")
    try expect(
        frames.range.lowerBound >= 0 && frames.range.upperBound <= layer.count, "frames elsewhere")
    try expect(frames.chunks.byteCount == file.entry.size, "chunks are not the file")
    guard frames.chunks.count < 1000 else { return }
    let bytes = Array(layer[Int(frames.range.lowerBound)..<Int(frames.range.upperBound)])
    for sizes in ChunkedSource.cuts(of: bytes).prefix(2) {
        var content: [UInt8] = []
        let payload = try outcome {
            let payload = try FilePayload(frames, file: "file", layer: "fuzz")
            try forEachPiece(of: bytes, sizes: sizes) { piece in
                try payload.update(piece) { (bytes) throws(LayerError) in content += bytes }
                if content.count > 16 << 20 { throw LayerError.empty(path: "fuzz") }
            }
            try payload.finish()
            return true
        }
        guard payload.value != nil else { continue }
        try expect(
            content.count == file.entry.size
                && Digest(.sha256, bytes: file.digest ?? []) == Digest.of(content),
            "another content is taken for the file")
    }
}

private func frame(of text: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(text.count))
    let count = ZSTD_compress(&output, output.count, text, text.count, 1)
    precondition(ZSTD_isError(count) == 0)
    return Array(output[..<count])
}

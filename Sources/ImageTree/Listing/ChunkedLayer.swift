import ByteStream
import ImageStore
import Layer
import OCI

/// A zstd:chunked layer of which only the table and some files are read.
struct ChunkedLayer {
    let layer: ImageLayer
    let location: TableLocation
    let store: ImageStore
    let places: [Reference]

    var key: ListingKey { .table(location.digest, layer: layer.descriptor.digest) }

    var scan: TableScan { TableScan(layer: layer.descriptor, location: location) }

    /// The stored table, verified by its digest.
    ///
    /// - Returns: nil when the place serves the layer only whole.
    /// - Throws: `VerificationError`, and what the place throws.
    func table() throws -> [UInt8]? {
        let sink = MemorySink(
            limit: location.range.count, subject: Path("table of \(layer.subject)"))
        guard
            try store.readBlob(
                layer.descriptor, location.range, subject: "the table of \(layer.subject)",
                in: places, into: sink)
        else { return nil }
        try scan.reader.verify(sink.bytes)
        return sink.bytes
    }

    /// The listing from a table, with the contents of the user files, which are read from the
    /// place.
    ///
    /// - Returns: nil when the place serves the layer only whole.
    /// - Throws: `TableError`, `LayerError`, `TarError`, `ImageTreeError`, what the place throws.
    func listing(_ table: [UInt8]) throws -> LayerListing? {
        var (listing, userFiles) = try scan.listing(table)
        for (kept, file) in userFiles where file.entry.size <= UInt64(UserFile.byteLimit) {
            guard let content = try content(of: file) else { return nil }
            listing.userFiles[kept] = content
        }
        return listing
    }

    private func content(of file: TableFile) throws -> [UInt8]? {
        guard let frames = file.frames else { return [] }
        let path = Path(file.entry.path)
        let sink = try PayloadSink(
            FilePayload(frames, file: path, layer: layer.descriptor.layerPath))
        guard
            try store.readBlob(
                layer.descriptor, frames.range, subject: "\(path.quoted) of \(layer.subject)",
                in: places, into: sink)
        else { return nil }
        return try sink.finish()
    }

    /// Part of the layer as a source.
    func open(_ range: Range<Int64>) -> any ByteSource {
        store.openBlob(
            layer.descriptor, range, subject: "part of \(layer.subject)", in: places)
    }
}

/// Collects the content of a small file.
private final class PayloadSink: ByteSink {
    private let payload: FilePayload
    private var content: [UInt8] = []

    init(_ payload: FilePayload) {
        self.payload = payload
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        try payload.update(bytes) { content.append(contentsOf: $0) }
    }

    func finish() throws(LayerError) -> [UInt8] {
        try payload.finish()
        return content
    }
}

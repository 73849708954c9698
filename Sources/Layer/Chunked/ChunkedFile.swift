/// A file whose payload is being written, and the chunks of it so far.
struct ChunkedFile {
    let entry: ChunkedEntry
    /// Offset of its first frame in the stream.
    let offset: Int64
    /// The number of bytes of the payload that are still to come.
    var remaining: UInt64
    var chunks = ChunkList()

    init(_ entry: ChunkedEntry, offset: Int64) {
        self.entry = entry
        self.offset = offset
        remaining = entry.entry.size
    }
}

/// A file whose payload is being written, and the chunks of it so far.
struct ChunkedFile {
    let entry: ChunkedEntry
    /// Where its first frame is in the stream.
    let offset: Int64
    /// How much of the payload is still to come.
    var remaining: UInt64
    var chunks = ChunkList()

    init(_ entry: ChunkedEntry, offset: Int64) {
        self.entry = entry
        self.offset = offset
        remaining = entry.entry.size
    }
}

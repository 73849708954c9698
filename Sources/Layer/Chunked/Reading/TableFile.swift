import Tar

/// A file, directory or link of a layer as its table says it.
public struct TableFile: Sendable {
    /// As a reader of the tar finds it.
    public let entry: TarEntry
    /// The raw sha256 of a file's content; nil for what is no file.
    public let digest: [UInt8]?
    /// Where the frames of a file's content are in the layer; empty without content.
    public let frames: Range<Int64>
    /// What is in the frames, one chunk after the other.
    let chunks: ChunkList
}

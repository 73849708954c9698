import Tar

/// A file, directory or link of a layer as its table says it.
public struct TableFile: Sendable {
    /// As a reader of the tar finds it.
    public let entry: TarEntry
    /// The raw sha256 of a file's content; nil for what is no file.
    public let digest: [UInt8]?
    /// Where the content is; nil without content.
    public let frames: FileFrames?
}

/// Where in a layer the content of a file is, and what proves it: some 130 bytes, and 57 for each chunk
/// but the first.
public struct FileFrames: Sendable {
    /// In bytes of the layer.
    public let range: Range<Int64>
    /// What is in the frames, one chunk after the other.
    let chunks: ChunkList
    /// The raw sha256 of a content of several chunks; that of one is the chunk's.
    let digest: [UInt8]?
}

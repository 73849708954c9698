import Tar

/// A file, directory or link of a layer, from its table.
public struct TableFile: Sendable {
    /// The entry, as a reader of the tar would return it.
    public let entry: TarEntry
    /// The raw sha256 of a file's content; nil for other types.
    public let digest: [UInt8]?
    /// The frames of the content; nil without content.
    public let frames: FileFrames?
}

/// The position of a file's content in a layer, and the digests that verify it: about 130 bytes,
/// and 57 for each chunk but the first.
public struct FileFrames: Sendable {
    /// The range of bytes in the layer.
    public let range: Range<Int64>
    /// The chunks in the frames, in order.
    let chunks: ChunkList
    /// The raw sha256 of a content with several chunks; nil when the chunk's own digest is enough.
    let digest: [UInt8]?
}

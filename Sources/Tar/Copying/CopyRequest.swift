import ByteStream

/// A COPY instruction of a Dockerfile.
///
/// - Spec: Dockerfile reference, "COPY"; BuildKit where that is silent.
public struct CopyRequest: Sendable {
    /// The directory in which sources are looked up; no link leads out of it.
    public var context: Path
    /// Relative to the context, whether they begin with a slash or not. `*`, `?`, `[…]` match names;
    /// `\` escapes a character.
    public var sources: [[UInt8]]
    /// Absolute in the image. With a slash at its end it is a directory.
    public var destination: [UInt8]
    /// Patterns of paths that are missing from the context, relative to it.
    public var contextExcludes = ExcludePatterns()
    /// Patterns of paths to leave out, relative to a source directory.
    public var excludes = ExcludePatterns()
    /// Files and directories that are being written. Those in the context are left out, with a
    /// warning.
    public var outputs: [Path] = []
    /// Whether a source keeps its path below the destination, from `/./` on where it has one.
    public var keepsParents = false
    /// Directories whose files are copied too.
    public var inlineDirectories: [InlineDirectory] = []
    /// Whether files that are archives are unpacked instead.
    public var unpacks = false
    /// Whether files of `inlineDirectories` are too.
    public var unpacksInline = false
    /// How owners and times in archives are written.
    public var archivePolicy = EntryPolicy()

    /// A directory outside the context. Its files are copied as if they had been named.
    public struct InlineDirectory: Sendable {
        public let path: Path
        /// The number of sources that are copied before; nil for all.
        public let place: Int?

        public init(_ path: Path, place: Int?) {
            self.path = path
            self.place = place
        }
    }

    public init(context: Path, sources: [[UInt8]], destination: [UInt8]) {
        self.context = context
        self.sources = sources
        self.destination = destination
    }
}

import ByteStream

/// The files of the image below a layer.
public protocol LayerBase {
    /// The entry at a path; nil when there is none.
    ///
    /// - Parameter path: components with a slash between them, not empty; none of its directories is
    ///   a link.
    func entry(at path: [UInt8]) throws(TarError) -> TarEntry?

    /// The bytes of a small file that a path leads to, links followed; nil when it is not there or
    /// not known.
    func contents(of path: Path) throws(TarError) -> [UInt8]?
}

/// A base of which nothing is known: no link is followed, and every directory is made.
public struct EmptyBase: LayerBase {
    public init() {}

    public func entry(at path: [UInt8]) -> TarEntry? { nil }

    public func contents(of path: Path) -> [UInt8]? { nil }
}

import ByteStream

/// The files of the image below a layer.
public protocol LayerBase {
    /// The entry at a path; nil when there is none.
    ///
    /// - Parameter path: components joined by slashes, not empty; none of its directories is a
    ///   link.
    func entry(at path: [UInt8]) throws(TarError) -> TarEntry?

    /// The bytes of a small file, after following links; nil when it does not exist or is unknown.
    func contents(of path: Path) throws(TarError) -> [UInt8]?
}

/// An unknown base: no link is followed, and every directory is created.
public struct EmptyBase: LayerBase {
    public init() {}

    public func entry(at path: [UInt8]) -> TarEntry? { nil }

    public func contents(of path: Path) -> [UInt8]? { nil }
}

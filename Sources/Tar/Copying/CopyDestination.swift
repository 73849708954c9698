import ByteStream

/// Destination of a copy, after following the base's symbolic links.
struct CopyDestination {
    let path: BasePath
    /// Whether it was written with a slash at its end, or as `.`.
    let isDirectory: Bool

    /// - Parameter text: absolute in the image.
    /// - Throws: as `BasePath`.
    init(_ text: [UInt8], in base: any LayerBase) throws(TarError) {
        path = try BasePath(text, in: base, rootParent: .root)
        let last = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last
        isDirectory =
            last?.isEmpty ?? true || last?.elementsEqual(".".utf8) ?? true
            || path.components.isEmpty
    }
}

/// What a path of a layer says about its entry.
package enum EntryMeaning: Hashable, Sendable {
    /// A file, directory or link at the path.
    case file
    /// A deletion in the layers below, whatever the type of the entry.
    case whiteout(Whiteout)
    /// Metadata of aufs, which old tools have packed: no file of the image.
    case unionMetadata
}

extension EntryPath {
    /// One rule for unpacking and for the listings of layers.
    ///
    /// - Throws: `TarError.refused` for a whiteout that deletes nothing, and for a path in a
    ///   directory that is named like a whiteout.
    /// - Spec: image-spec v1.1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
    package func meaning() throws(TarError) -> EntryMeaning {
        let isInWhiteout = Whiteout.isInPath(parent)
        guard isInWhiteout || Whiteout.isName(name) else { return .file }
        if !isInWhiteout, let whiteout = Whiteout(name) { return .whiteout(whiteout) }
        if Whiteout.isUnionMetadata(bytes) { return .unionMetadata }
        throw .refused(
            path: path,
            isInWhiteout
                ? "a directory is named like a whiteout" : "a whiteout that deletes nothing")
    }
}

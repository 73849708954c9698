import ByteStream

/// The tree that an archive is unpacked in, to resolve links: the base below the destination, and
/// over it the archive's own entries.
///
/// The destination is its root, as for a program that unpacks in a chroot there.
final class UnpackedTree: LayerBase {
    private let base: any LayerBase
    /// The destination in the image: empty, or with a slash at its end.
    private let root: [UInt8]
    /// The archive's symbolic links by their paths; nil for a path that another entry replaced.
    private var links: [[UInt8]: [UInt8]?] = [:]

    init(below directory: [[UInt8]], over base: any LayerBase) {
        self.base = base
        root = directory.flatMap { $0 + [UInt8(ascii: "/")] }
    }

    func entry(at path: [UInt8]) throws(TarError) -> TarEntry? {
        switch links[path] {
        case .some(.some(let target)):
            var entry = TarEntry(kind: .symbolicLink, path: path, mode: 0o777)
            entry.linkTarget = target
            return entry
        case .some(.none): return nil
        case .none: return try base.entry(at: root + path)
        }
    }

    func contents(of path: Path) -> [UInt8]? { nil }

    /// Notes an entry that the archive has at a path.
    func add(_ entry: TarEntry, at path: [UInt8]) throws(TarError) {
        var target: [UInt8]?
        if entry.kind == .symbolicLink { target = entry.linkTarget }
        // A further name of a link.
        if entry.kind == .hardLink,
            let link = links[Array(entry.linkTarget.dropFirst(root.count))]
        {
            target = link
        }
        if let target {
            links[path] = .some(target)
        } else if try self.entry(at: path)?.kind == .symbolicLink {
            links[path] = .some(nil)
        }
    }

    /// Notes an entry that a source beside the archives has at a path of the image.
    func add(_ entry: TarEntry, atImagePath path: ArraySlice<UInt8>) throws(TarError) {
        try add(entry, at: Array(path.dropFirst(root.count)))
    }

    /// The path of a name, whose directories may be links; the name itself is not followed.
    ///
    /// - Throws: as `BasePath`.
    func resolve(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path }
        let parent = try BasePath(Array(path[..<slash]), in: self, rootParent: .root)
        guard parent.mayBeDirectory else {
            throw .overBase(path: Path(path), base: Path(root + parent.bytes), isDirectory: true)
        }
        let name = path[(slash + 1)...]
        return parent.bytes.isEmpty ? Array(name) : parent.bytes + [UInt8(ascii: "/")] + name
    }
}

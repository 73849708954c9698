import ByteStream
import Tar

extension ImageTree {
    /// Components joined by slashes; empty for the root.
    func path(of node: UInt32) -> [UInt8] {
        var components: [ArraySlice<UInt8>] = []
        var node = node
        while node != ImageTree.root, node != ImageTree.none {
            components.append(name(of: node))
            node = nodes[Int(node)].parent
        }
        return Path(joining: components.reversed()).bytes
    }

    /// An existing path without links among its components; nil otherwise.
    func find(exactly path: some Collection<UInt8>) -> UInt32? {
        var node = ImageTree.root
        for component in Array(path).split(separator: UInt8(ascii: "/")) {
            guard let next = entry(component, of: node) else { return nil }
            node = next
        }
        return node
    }

    /// The item of a path; nil for a root without an entry.
    func item(of node: UInt32) throws(ImageTreeError) -> LayerItem? {
        let record = nodes[Int(node)].record
        if record.offset == .max { return nil }
        let listing = record.layer == Record.implied ? implied : layers[Int(record.layer)]
        return try listing.item(at: Int(record.offset))
    }

    /// The existing names in a directory, in byte order.
    func children(of directory: UInt32) -> [UInt32] {
        var children: [UInt32] = []
        var next = nodes[Int(directory)].firstChild
        while next != ImageTree.none {
            if nodes[Int(next)].isThere { children.append(next) }
            next = nodes[Int(next)].nextSibling
        }
        children.sort { name(of: $0).lexicographicallyPrecedes(name(of: $1)) }
        return children
    }

    // MARK: Hard links

    /// The existing file that a hard link names.
    ///
    /// - Throws: `ImageTreeError.refused`.
    func linkTarget(
        of entry: TarEntry, _ record: Record
    ) throws(ImageTreeError) -> UInt32 {
        var target = entry.linkTarget.split(separator: UInt8(ascii: "/"))
            .filter { !$0.elementsEqual(".".utf8) }
        guard let name = target.popLast() else { throw refused(entry, record, "is a directory") }
        let directory = Path(joining: target).bytes
        guard case .node(let parent) = resolve(directory),
            let node = self.entry(name, of: parent)
        else { throw refused(entry, record, "is not there") }
        if nodes[Int(node)].kind == .directory { throw refused(entry, record, "is a directory") }
        return node
    }

    /// Whether an existing path is in a directory.
    func isInside(_ node: UInt32, _ directory: UInt32) -> Bool {
        guard nodes[Int(directory)].isThere, nodes[Int(directory)].kind == .directory else {
            return false
        }
        var parent = nodes[Int(node)].parent
        while parent != ImageTree.none, parent != directory { parent = nodes[Int(parent)].parent }
        return parent == directory
    }

    /// Why a hard link is refused.
    func refused(
        _ entry: TarEntry, _ record: Record, _ problem: String
    ) -> ImageTreeError {
        .refused(
            layer: Int(record.layer) + 1, path: Path(entry.path),
            "its link target \(Path(entry.linkTarget).quoted) \(problem)")
    }
}

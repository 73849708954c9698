import ByteStream
import Layer
import OCI

/// The contents of the files with the names of users and groups, as a container finds them.
public struct UserFiles: Sendable {
    /// The contents by the node of the file, to which links of the usual path may lead.
    private(set) var contents: [UInt32: [UInt8]] = [:]

    /// The maximum size of a file.
    static let byteLimit = 10 << 20

    /// Those that the listings have.
    init(of tree: ImageTree) {
        for file in UserFile.allCases {
            guard let node = tree.node(of: file), let content = tree.storedContent(of: file, node)
            else { continue }
            contents[node] = content
        }
    }

    /// Those of an image. The layer of a file that no listing has, because it has another path or
    /// is large, is read again.
    ///
    /// - Parameter lister: made the tree of `image`.
    /// - Throws: as reading the layers by `lister`.
    public init(of tree: ImageTree, _ image: Image, _ lister: ImageLister) throws {
        for file in UserFile.allCases {
            guard let node = tree.node(of: file) else { continue }
            contents[node] =
                try tree.storedContent(of: file, node)
                ?? lister.content(of: node, in: tree, image, limit: UserFiles.byteLimit)
        }
    }
}

extension ImageTree {
    /// The file, links followed; nil when there is none.
    fileprivate func node(of file: UserFile) -> UInt32? {
        guard case .notDirectory(let node, [], from: _) = resolve(file.path),
            nodes[Int(node)].kind == .file, nodes[Int(node)].record.layer != Record.implied
        else { return nil }
        return node
    }

    fileprivate func storedContent(of file: UserFile, _ node: UInt32) -> [UInt8]? {
        guard path(of: node) == file.path else { return nil }
        return layers[Int(nodes[Int(node)].record.layer)].userFiles[file]
    }
}

extension ImageLister {
    /// Reads a file; nil for one that is larger than the limit.
    fileprivate func content(
        of node: UInt32, in tree: ImageTree, _ image: Image, limit: Int
    ) throws -> [UInt8]? {
        let record = tree.nodes[Int(node)].record
        let layers = try ImageLayer.all(of: image)
        guard layers.indices.contains(Int(record.layer)), let item = try tree.item(of: node),
            item.entry.size <= UInt64(limit)
        else { return nil }
        let layer = layers[Int(record.layer)]
        let listing = tree.layers[layer.index]
        var content: [UInt8] = []
        if let parts = try parts(
            of: layer, listing, wanted: [ExportPlan.Item(offset: record.offset, node: node)],
            of: image)
        {
            guard let frames = parts.frames(at: record.offset) else { return [] }
            try parts.read(frames, of: Path(tree.path(of: node))) {
                content.append(contentsOf: $0)
            }
            return content
        }
        try layer.visit(open(layer, of: image), as: listing) { reader, _, attributes in
            guard attributes == Int(record.offset) else { return try reader.skipData() }
            try reader.readData { content.append(contentsOf: $0) }
        }
        noteProof(of: layer)
        return content
    }
}

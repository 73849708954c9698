import ByteStream
import Tar

/// What an export writes of each layer.
struct ExportPlan {
    /// A file of a layer, and the first of its names.
    struct Item {
        /// Where its attributes are in the layer's listing.
        let offset: UInt32
        let node: UInt32
    }

    /// For each layer, the files that are there, in the order of its tar.
    private(set) var layers: [[Item]]
    /// Whether something of the layer has data.
    private(set) var hasData: [Bool]
    /// Directories that no layer has an entry for.
    private(set) var implied: [UInt32] = []
    /// The further names of files that have several.
    private(set) var links: [ImageTree.Record: [UInt32]] = [:]
    /// Paths of the lower layers that are gone, as whiteouts.
    private(set) var whiteouts: [[UInt8]] = []
    /// Whether a node is wanted.
    private var isWanted: [Bool]

    /// - Parameters:
    ///   - paths: what is wanted, with everything in it; empty for all.
    ///   - withLinks: whether the links and directories that lead to it are wanted too.
    /// - Throws: `ImageTreeError.noSuchPath`.
    init(_ tree: ImageTree, _ paths: [Path], withLinks: Bool) throws {
        self.init(layerCount: tree.layers.count, nodeCount: tree.nodes.count)
        let walk = try TreeWalk(tree, paths, withLinks: withLinks)
        try walk.visit { index, _ in try add(index, of: tree) }
        for start in walk.starts where withLinks {
            var parent = tree.nodes[Int(start)].parent
            while parent != ImageTree.none {
                isWanted[Int(parent)] = true
                parent = tree.nodes[Int(parent)].parent
            }
        }
        sortItems()
    }

    /// What upper layers make of a tree, as one layer: what they add and change, and whiteouts for
    /// what they remove.
    ///
    /// - Parameter lower: the tree of the layers below; `tree` is that with the upper layers applied.
    init(_ tree: ImageTree, above lower: ImageTree) throws {
        self.init(layerCount: tree.layers.count, nodeCount: tree.nodes.count)
        try TreeWalk(tree, []).visit { index, _ in
            let node = tree.nodes[Int(index)]
            if node.layer >= lower.layers.count, node.record.offset != .max {
                try add(index, of: tree)
            }
        }
        // Nodes stay where they are when layers are applied.
        try TreeWalk(lower, []).visit { index, _ in
            let node = tree.nodes[Int(index)]
            guard !node.isThere, node.parent != ImageTree.none else { return }
            let parent = tree.nodes[Int(node.parent)]
            guard parent.isThere, parent.kind == .directory else { return }
            let directory = tree.path(of: node.parent)
            let name = Whiteout.sibling(Array(tree.name(of: index))).name
            whiteouts.append(directory.isEmpty ? name : directory + [UInt8(ascii: "/")] + name)
        }
        sortItems()
    }

    private init(layerCount: Int, nodeCount: Int) {
        layers = [[Item]](repeating: [], count: layerCount)
        hasData = [Bool](repeating: false, count: layerCount)
        isWanted = [Bool](repeating: false, count: nodeCount)
    }

    private mutating func add(_ index: UInt32, of tree: ImageTree) throws {
        let node = tree.nodes[Int(index)]
        isWanted[Int(index)] = true
        if node.record.offset == .max { return }
        if node.record.layer == ImageTree.Record.implied {
            implied.append(index)
            return
        }
        if tree.linkCounts[node.record, default: 1] > 1 {
            if links[node.record]?.append(index) != nil { return }
            links[node.record] = []
        }
        let layer = Int(node.record.layer)
        layers[layer].append(Item(offset: node.record.offset, node: index))
        if node.kind == .file, let item = try tree.item(of: index), item.entry.size > 0 {
            hasData[layer] = true
        }
    }

    private mutating func sortItems() {
        for layer in layers.indices { layers[layer].sort { $0.offset < $1.offset } }
    }

    func isWanted(_ node: UInt32) -> Bool { isWanted[Int(node)] }
}

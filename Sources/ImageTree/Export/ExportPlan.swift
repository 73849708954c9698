import ByteStream
import Tar

/// The files of each layer that an export writes.
struct ExportPlan {
    /// A file of a layer, and the first of its names.
    struct Item {
        /// The offset of its attributes in the layer's listing.
        let offset: UInt32
        let node: UInt32
    }

    /// For each layer, its files that are visible in the image, in the order of its tar.
    private(set) var layers: [[Item]]
    /// For each layer, whether one of these files has data.
    private(set) var hasData: [Bool]
    /// Directories without an entry in any layer.
    private(set) var implied: [UInt32] = []
    /// The additional names of hard-linked files.
    private(set) var links: [ImageTree.Record: [UInt32]] = [:]
    /// Names that upper layers add to files of the lower layers, in byte order of their paths, with
    /// a name that the file has had before.
    private(set) var lowerLinks: [(node: UInt32, target: UInt32)] = []
    /// Whiteouts for paths of the lower layers that were removed.
    private(set) var whiteouts: [[UInt8]] = []
    /// Whether a node is selected.
    private var isWanted: [Bool]

    /// - Parameters:
    ///   - paths: the selected paths, with everything in them; empty for all.
    ///   - withLinks: whether links and directories on the way to them are selected too.
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

    /// The changes of upper layers as one layer: files that they add and change, hard links to files
    /// of the lower layers, and whiteouts for files that they remove.
    ///
    /// - Parameter lower: the tree of the layers below; `tree` is the same tree with the upper
    ///   layers applied.
    init(_ tree: ImageTree, above lower: ImageTree) throws {
        self.init(layerCount: tree.layers.count, nodeCount: tree.nodes.count)
        let lowerNames = try ExportPlan.names(of: lower, thatStayIn: tree)
        try TreeWalk(tree, []).visit { index, _ in
            let node = tree.nodes[Int(index)]
            // A hard link that replaced a name of the same file changes nothing.
            guard node.layer >= lower.layers.count, node.record.offset != .max,
                !lower.has(index, node.record)
            else { return }
            guard let target = lowerNames[node.record] else { return try add(index, of: tree) }
            isWanted[Int(index)] = true
            lowerLinks.append((index, target))
        }
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

    /// The first of the names of each file with several that upper layers leave as they are.
    private static func names(
        of lower: ImageTree, thatStayIn tree: ImageTree
    ) throws -> [ImageTree.Record: UInt32] {
        var names: [ImageTree.Record: UInt32] = [:]
        try TreeWalk(lower, []).visit { index, _ in
            let record = lower.nodes[Int(index)].record
            guard tree.linkCounts[record, default: 1] > 1, names[record] == nil,
                tree.has(index, record)
            else { return }
            names[record] = index
        }
        return names
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

extension ImageTree {
    /// Whether a name is there and has these attributes. Applying layers does not renumber nodes.
    fileprivate func has(_ node: UInt32, _ record: Record) -> Bool {
        Int(node) < nodes.count && nodes[Int(node)].isThere && nodes[Int(node)].record == record
    }
}

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
    /// Whether a node is wanted.
    private var isWanted: [Bool]

    /// - Parameter paths: what is wanted, with everything in it; empty for all.
    /// - Throws: `ImageTreeError.noSuchPath`.
    init(_ tree: ImageTree, _ paths: [Path]) throws {
        var layers = [[Item]](repeating: [], count: tree.layers.count)
        var hasData = [Bool](repeating: false, count: tree.layers.count)
        var implied: [UInt32] = []
        var links: [ImageTree.Record: [UInt32]] = [:]
        var isWanted = [Bool](repeating: false, count: tree.nodes.count)
        try TreeWalk(tree, paths).visit { index, _ in
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
        for layer in layers.indices { layers[layer].sort { $0.offset < $1.offset } }
        self.layers = layers
        self.hasData = hasData
        self.implied = implied
        self.links = links
        self.isWanted = isWanted
    }

    func isWanted(_ node: UInt32) -> Bool { isWanted[Int(node)] }
}

import ByteStream

/// The number of bytes of files of each layer in each directory, and how many of them upper layers
/// hide.
public struct TreeSizes {
    /// The bytes of one layer in one directory.
    public struct Row: Hashable, Sendable {
        /// Components joined by slashes; empty for the whole image.
        public let path: [UInt8]
        /// The number of the layer, from 1.
        public let layer: Int
        /// Bytes of visible files; a hard-linked file counts once, at its first name.
        public var byteCount: UInt64 = 0
        /// Bytes of files that upper layers replace or delete.
        public var coveredByteCount: UInt64 = 0
    }

    /// The sums of the whole, a row for each layer, and then those of its contents, the largest
    /// first.
    public let rows: [Row]

    private struct Key: Hashable {
        let node: UInt32
        let layer: UInt16
    }

    /// - Parameter path: the directory whose entries get separate rows.
    /// - Throws: `ImageTreeError.noSuchPath`.
    public init(_ tree: ImageTree, in path: Path) throws {
        guard let directory = tree.find(path.bytes) else { throw ImageTreeError.noSuchPath(path) }
        var sums: [Key: Row] = [:]
        func add(_ node: UInt32, _ layer: UInt16, _ change: (inout Row) -> Void) {
            for place in tree.places(of: node, in: directory) {
                let key = Key(node: place, layer: layer)
                var row =
                    sums[key] ?? Row(path: tree.path(of: place), layer: Int(layer) + 1)
                change(&row)
                sums[key] = row
            }
        }
        var seen: Set<ImageTree.Record> = []
        try TreeWalk(tree, [path]).visit { node, _ in
            let record = tree.nodes[Int(node)].record
            guard tree.nodes[Int(node)].kind == .file, let item = try tree.item(of: node) else {
                return
            }
            if tree.linkCounts[record, default: 1] > 1, !seen.insert(record).inserted { return }
            add(node, record.layer) { $0.byteCount += item.entry.size }
        }
        for covered in tree.covered {
            add(covered.node, covered.layer) { $0.coveredByteCount += covered.size }
        }
        rows = TreeSizes.ordered(Array(sums.values), whole: tree.path(of: directory))
    }

    /// Rows of one path stay together, its layers in order.
    private static func ordered(_ rows: [Row], whole: [UInt8]) -> [Row] {
        var totals: [[UInt8]: UInt64] = [:]
        for row in rows { totals[row.path, default: 0] += row.byteCount + row.coveredByteCount }
        return rows.sorted { left, right in
            if left.path == right.path { return left.layer < right.layer }
            if left.path == whole || right.path == whole { return left.path == whole }
            let (one, other) = (totals[left.path, default: 0], totals[right.path, default: 0])
            if one != other { return one > other }
            return left.path.lexicographicallyPrecedes(right.path)
        }
    }
}

extension ImageTree {
    /// The lines that count a path: the directory and the entry of it that has the path; empty when
    /// the path is not in the directory.
    fileprivate func places(of node: UInt32, in directory: UInt32) -> [UInt32] {
        if node == directory { return [directory] }
        var node = node
        while node != ImageTree.root {
            let parent = nodes[Int(node)].parent
            if parent == directory { return [directory, node] }
            node = parent
        }
        return []
    }
}

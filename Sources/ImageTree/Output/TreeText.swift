import ByteStream
import Layer
import Tar

/// A tree for people: lines like those of `tar -tv`, each preceded by the number of its layer.
public struct TreeText {
    private let tree: ImageTree
    private let output: OutputBuffer

    public init(_ tree: ImageTree, to output: OutputBuffer) {
        self.tree = tree
        self.output = output
    }

    /// Writes a line for each path, and flushes.
    ///
    /// A file's additional names are shown as links to its first listed name.
    ///
    /// - Parameter paths: the paths to list, with everything in them; empty for all.
    /// - Throws: `ImageTreeError.noSuchPath`, `StreamError.write`.
    public func write(_ paths: [Path]) throws {
        var firstNames: [ImageTree.Record: [UInt8]] = [:]
        let width = String(tree.layers.count).count
        try TreeWalk(tree, paths).visit { node, path in
            guard var entry = try tree.item(of: node)?.entry else { return }
            entry.path = entry.kind == .directory ? path + [UInt8(ascii: "/")] : path
            let record = tree.nodes[Int(node)].record
            if tree.linkCounts[record, default: 1] > 1 {
                if let first = firstNames[record] {
                    entry.kind = .hardLink
                    entry.linkTarget = first
                    entry.size = 0
                } else {
                    firstNames[record] = path
                }
            }
            let number = String(tree.layerNumber(of: node))
            let padding = String(repeating: " ", count: width - number.count)
            try output.append(Array("\(padding)\(number) \(entry.listing)\n".utf8))
        }
        try output.flush()
    }
}

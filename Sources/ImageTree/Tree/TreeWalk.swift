import ByteStream

/// Walks a tree: a directory before its contents, names in byte order.
struct TreeWalk {
    private let tree: ImageTree
    /// The nodes at which it begins, in the order of the walk; none is inside another.
    let starts: [UInt32]

    /// - Parameters:
    ///   - paths: the paths to visit, with everything in them; links on the way to a path are
    ///     followed. Empty for all.
    ///   - withLinks: whether these links are visited too, and a link at the end of a path is
    ///     followed; then a missing path is ignored.
    /// - Throws: `ImageTreeError.noSuchPath`.
    init(
        _ tree: ImageTree, _ paths: [Path], withLinks: Bool = false
    ) throws(ImageTreeError) {
        self.tree = tree
        var wanted: Set<UInt32> = []
        for path in paths {
            if withLinks {
                var links: [UInt32] = []
                switch tree.resolve(path.bytes, &links) {
                case .node(let node), .notDirectory(let node, [], from: _): wanted.insert(node)
                case .missing, .notDirectory, .circle: break
                }
                wanted.formUnion(links)
                continue
            }
            guard let node = tree.find(path.bytes) else { throw .noSuchPath(path) }
            wanted.insert(node)
        }
        if paths.isEmpty { wanted = [ImageTree.root] }
        starts = wanted.filter { !tree.isInside($0, any: wanted) }
            .map { (node: $0, path: tree.components(of: $0)) }
            .sorted { TreeWalk.precedes($0.path, $1.path) }
            .map(\.node)
    }

    var beginsAtRoot: Bool { starts == [ImageTree.root] }

    /// - Parameter body: called with each existing path, as components joined by slashes.
    func visit(_ body: (_ node: UInt32, _ path: [UInt8]) throws -> Void) throws {
        for start in starts { try walk(start, body) }
    }

    private func walk(
        _ start: UInt32, _ body: (_ node: UInt32, _ path: [UInt8]) throws -> Void
    ) throws {
        var path = tree.path(of: start)
        try body(start, path)
        guard tree.nodes[Int(start)].kind == .directory else { return }
        // Names are removed from the end.
        var stack = [(children: tree.reversedChildren(of: start), pathByteCount: path.count)]
        while var top = stack.popLast() {
            path.removeLast(path.count - top.pathByteCount)
            guard let node = top.children.popLast() else { continue }
            stack.append(top)
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: tree.name(of: node))
            try body(node, path)
            if tree.nodes[Int(node)].kind == .directory {
                stack.append((tree.reversedChildren(of: node), path.count))
            }
        }
    }

    private static func precedes(_ left: [ArraySlice<UInt8>], _ right: [ArraySlice<UInt8>]) -> Bool
    {
        left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
    }
}

extension ImageTree {
    /// An existing path; links on the way to it are followed, but not a link at its end.
    ///
    /// A path that ends with a slash, `.` or `..` is that of a directory, to which links lead.
    func find(_ path: [UInt8]) -> UInt32? {
        let slash = UInt8(ascii: "/")
        let start = path.lastIndex(of: slash).map { $0 + 1 } ?? path.startIndex
        let name = path[start...]
        if name.isEmpty || name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
            guard case .node(let node) = resolve(path) else { return nil }
            return node
        }
        guard case .node(let parent) = resolve(Array(path[..<start])) else { return nil }
        return entry(name, of: parent)
    }

    fileprivate func isInside(_ node: UInt32, any others: Set<UInt32>) -> Bool {
        var node = node
        while node != ImageTree.root {
            node = nodes[Int(node)].parent
            if others.contains(node) { return true }
        }
        return false
    }

    fileprivate func components(of node: UInt32) -> [ArraySlice<UInt8>] {
        path(of: node).split(separator: UInt8(ascii: "/"))
    }

    fileprivate func reversedChildren(of directory: UInt32) -> [UInt32] {
        children(of: directory).reversed()
    }
}

extension ImageTree {
    /// The result of following a path.
    enum Resolution {
        case node(UInt32)
        /// A component is missing: its directory, and the rest of the path.
        case missing(in: UInt32, [ArraySlice<UInt8>])
        /// A file is in the way, with the rest of the path after it.
        ///
        /// - Parameter from: the component of the path that is or leads to the file.
        case notDirectory(UInt32, [ArraySlice<UInt8>], from: UInt32)
        /// More links than the kernel follows.
        ///
        /// - Parameter from: the component of the path that leads to the last of them.
        case circle(from: UInt32)
    }

    /// The maximum number of links on a path, as in the kernel.
    private static let linkLimit = 40

    /// Follows a path as in a chroot, also a link at its end.
    func resolve(_ path: [UInt8]) -> Resolution {
        var links: [UInt32] = []
        return resolve(path, &links)
    }

    /// The same.
    ///
    /// - Parameter passed: receives the links that were followed.
    func resolve(_ path: [UInt8], _ passed: inout [UInt32]) -> Resolution {
        let slash = UInt8(ascii: "/")
        var node = ImageTree.root
        var rest = Array(path.split(separator: slash).reversed())
        // The number of components that are left of the path itself, below those of links.
        var own = rest.count
        var start = node
        var links = 0
        while let name = rest.popLast() {
            let isOwn = rest.count < own
            own = min(own, rest.count)
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                if node != ImageTree.root { node = nodes[Int(node)].parent }
                continue
            }
            guard let next = entry(name, of: node) else {
                return .missing(in: node, [name] + rest.reversed())
            }
            if isOwn { start = next }
            switch nodes[Int(next)].kind {
            case .directory: node = next
            case .symbolicLink:
                links += 1
                passed.append(next)
                guard links <= ImageTree.linkLimit, let target = linkTarget(next) else {
                    return .circle(from: start)
                }
                if target.first == slash { node = ImageTree.root }
                rest += target.split(separator: slash).reversed()
            case .file, .hardLink, .characterDevice, .blockDevice, .fifo:
                return .notDirectory(next, rest.reversed(), from: start)
            }
        }
        return .node(node)
    }

    private func linkTarget(_ node: UInt32) -> [UInt8]? {
        do {
            return try item(of: node)?.entry.linkTarget
        } catch {
            return nil
        }
    }
}

extension ImageTree {
    /// The result of following a path.
    enum Resolution {
        case node(UInt32)
        /// A component is missing: its directory, and the rest of the path.
        case missing(in: UInt32, [ArraySlice<UInt8>])
        /// A component is not a directory.
        case notDirectory(UInt32, [ArraySlice<UInt8>])
        case circle
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
        var links = 0
        while let name = rest.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                if node != ImageTree.root { node = nodes[Int(node)].parent }
                continue
            }
            guard let next = entry(name, of: node) else {
                return .missing(in: node, [name] + rest.reversed())
            }
            switch nodes[Int(next)].kind {
            case .directory: node = next
            case .symbolicLink:
                links += 1
                passed.append(next)
                guard links <= ImageTree.linkLimit, let target = linkTarget(next) else {
                    return .circle
                }
                if target.first == slash { node = ImageTree.root }
                rest += target.split(separator: slash).reversed()
            case .file, .hardLink, .characterDevice, .blockDevice, .fifo:
                if rest.isEmpty { return .notDirectory(next, []) }
                return .notDirectory(next, rest.reversed())
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

import Tar

/// The paths that the layers of a stack have entries for.
struct LayerCoverage: Equatable {
    /// Whether each path is a directory; the root is there only with an entry.
    private var isDirectory: [[UInt8]: Bool] = [:]

    /// Whether two stacks of layers have entries at the same paths and of the same kinds, and
    /// change nothing else, so that the layers below make no difference.
    static func areAlike(
        _ first: [LayerListing], _ second: [LayerListing]
    ) throws(ImageTreeError) -> Bool {
        guard let left = try LayerCoverage(first), let right = try LayerCoverage(second) else {
            return false
        }
        return left == right
    }

    /// - Returns: nil when the layers below make a difference: with whiteouts, links to their
    ///   files, paths whose kind changes, or entries in a directory that has no entry before them,
    ///   because a link of the layers below may lead elsewhere.
    private init?(_ listings: [LayerListing]) throws(ImageTreeError) {
        var isAlone = true
        for listing in listings {
            try listing.visit { (item, _) throws(ImageTreeError) in
                if isAlone { isAlone = add(item) }
            }
        }
        if !isAlone { return nil }
    }

    /// - Returns: false for an item whose result depends on the layers below.
    private mutating func add(_ item: LayerItem) -> Bool {
        guard item.action == .entry else { return false }
        let path = item.entry.path
        if let slash = path.lastIndex(of: UInt8(ascii: "/")) {
            guard isDirectory[Array(path[..<slash])] == true else { return false }
        }
        if item.entry.kind == .hardLink, isDirectory[item.entry.linkTarget] != false {
            return false
        }
        let kind = item.entry.kind == .directory
        return (isDirectory.updateValue(kind, forKey: path) ?? kind) == kind
    }
}

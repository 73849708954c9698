import ByteStream
import OCI
import Tar

@testable import ImageTree

/// Entries of a layer, written short.
enum Item {
    case directory(String, mode: UInt32 = 0o755)
    case file(String, size: UInt64 = 1)
    case link(String, String)
    case hardLink(String, String)
    case empty(String)

    var entry: TarEntry {
        switch self {
        case .directory(let path, let mode):
            return TarEntry(kind: .directory, path: Array(path.utf8), mode: mode)
        case .file(let path, let size):
            return TarEntry(kind: .file, path: Array(path.utf8), mode: 0o644, size: size)
        case .empty(let path): return TarEntry(kind: .file, path: Array(path.utf8), mode: 0o644)
        case .link(let path, let target):
            var entry = TarEntry(kind: .symbolicLink, path: Array(path.utf8), mode: 0o777)
            entry.linkTarget = Array(target.utf8)
            return entry
        case .hardLink(let path, let target):
            var entry = TarEntry(kind: .hardLink, path: Array(path.utf8), mode: 0o644)
            entry.linkTarget = Array(target.utf8)
            return entry
        }
    }
}

let someDigest = Digest(.sha256, bytes: [UInt8](repeating: 7, count: 32))

func listing(_ items: [Item]) throws -> LayerListing {
    var listing = LayerListing(hasContentDigests: false)
    for item in items {
        guard let item = try LayerItem(item.entry) else { continue }
        try listing.append(item, layer: someDigest)
    }
    return listing
}

func tree(_ layers: [[Item]]) throws -> ImageTree {
    var tree = ImageTree()
    for layer in layers { try tree.apply(listing(layer)) }
    return tree
}

extension ImageTree {
    /// Every path, preceded by the number of its layer.
    func paths() throws -> [String] {
        var paths: [String] = []
        try TreeWalk(self, []).visit { node, path in
            if path.isEmpty { return }
            paths.append("\(layerNumber(of: node)) \(String(decoding: path, as: UTF8.self))")
        }
        return paths
    }
}

import ByteStream
import OCI
import Snapshot
import Tar

/// Writes a tree as mtree(5), a line for each path, as bsdtar and go-mtree read it.
///
/// The text is `#mtree`, the root as `.`, every other path in full as `./a/b`, a directory before
/// its contents and names in byte order, and a last line `..`; without it the text is truncated.
/// The tag `layer:N` has the number of a path's layer, from 1. User files have their contents in a
/// tag too, `data:` and base64. Extended attributes are in comments (`OwnKeywords`), because bsdtar
/// refuses the keyword.
///
/// - Spec: mtree(5), Keywords; readers that do not filter by `tags` ignore it.
public struct MtreeWriter {
    private let tree: ImageTree
    private let output: OutputBuffer
    private let hasDigests: Bool
    private let userFiles: UserFiles

    /// - Parameters:
    ///   - userFiles: of the same tree.
    ///   - hasDigests: whether digests of contents are written, when the listings have them.
    public init(
        _ tree: ImageTree, _ userFiles: UserFiles, to output: OutputBuffer, hasDigests: Bool
    ) {
        self.tree = tree
        self.userFiles = userFiles
        self.output = output
        self.hasDigests = hasDigests
    }

    /// Writes the whole text, and flushes it.
    ///
    /// - Parameter paths: the paths to list, with everything in them; empty for all.
    /// - Throws: `ImageTreeError.noSuchPath`, `StreamError.write`.
    public func write(_ paths: [Path]) throws {
        try output.append(Array("#mtree\n".utf8))
        if tree.hasExtendedAttributes { try output.append(OwnKeywords.header) }
        var line: [UInt8] = []
        var inodes = Inodes()
        let walk = try TreeWalk(tree, paths)
        if !walk.beginsAtRoot {
            let root = try tree.snapshotEntry(of: ImageTree.root)
            line = Array(".".utf8) + keywords(of: root, ImageTree.root, &inodes) + [0x0A]
            root.appendAttributes(to: &line)
            try output.append(line)
        }
        try walk.visit { node, path in
            line.removeAll(keepingCapacity: true)
            line.append(UInt8(ascii: "."))
            if !path.isEmpty {
                line.append(UInt8(ascii: "/"))
                VisText.append(path, to: &line)
            }
            let entry = try tree.snapshotEntry(of: node)
            line += keywords(of: entry, node, &inodes)
            if let content = userFiles.contents[node] {
                line += ",data:".utf8 + Base64.encode(content)
            }
            line.append(UInt8(ascii: "\n"))
            entry.appendAttributes(to: &line)
            try output.append(line)
        }
        try output.append(Array("..\n".utf8))
        try output.flush()
    }

    /// Inode numbers of hard-linked files, in order of appearance, so that they do not depend on
    /// how the listings were made.
    private struct Inodes {
        private var numbers: [ImageTree.Record: UInt64] = [:]

        mutating func number(of record: ImageTree.Record) -> UInt64 {
            let number = numbers[record] ?? UInt64(numbers.count + 1)
            numbers[record] = number
            return number
        }
    }

    private func keywords(
        of entry: SnapshotEntry, _ node: UInt32, _ inodes: inout Inodes
    ) -> [UInt8] {
        var text: [UInt8] = []
        var entry = entry
        if !hasDigests { entry.content = nil }
        if entry.inode != nil { entry.inode = inodes.number(of: tree.nodes[Int(node)].record) }
        entry.append(to: &text)
        text += " tags=layer:\(tree.layerNumber(of: node))".utf8
        return text
    }
}

extension ImageTree {
    /// Whether an existing path has extended attributes.
    fileprivate var hasExtendedAttributes: Bool {
        nodes.contains { node in
            node.isThere && layers.indices.contains(Int(node.record.layer))
                && layers[Int(node.record.layer)]
                    .hasExtendedAttributes(at: Int(node.record.offset))
        }
    }

    /// The number of the layer that last changed a path, from 1; 0 for a root without an entry.
    func layerNumber(of node: UInt32) -> Int {
        let layer = nodes[Int(node)].layer
        return layer == Record.implied ? 0 : Int(layer) + 1
    }

    /// The mtree(5) entry of a path. That of a root without an entry has no time.
    func snapshotEntry(of node: UInt32) throws(ImageTreeError) -> SnapshotEntry {
        guard let item = try item(of: node) else {
            var root = SnapshotEntry(kind: .directory)
            root.mode = 0o755
            root.uid = 0
            root.gid = 0
            return root
        }
        var entry = SnapshotEntry(item.entry)
        entry.content = item.content
        if let count = linkCounts[nodes[Int(node)].record], count > 1 {
            entry.linkCount = UInt64(count)
            entry.inode = nodes[Int(node)].record.number
        }
        return entry
    }
}

extension ImageTree.Record {
    /// A number that is unique in the image.
    var number: UInt64 { UInt64(layer) << 32 | UInt64(offset) + 1 }
}

extension SnapshotEntry {
    /// The entry of a file in a tar, without its number of names and its digest.
    init(_ entry: TarEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file, .hardLink: .file
            case .symbolicLink: .symbolicLink
            case .characterDevice: .characterDevice
            case .blockDevice: .blockDevice
            case .directory: .directory
            case .fifo: .fifo
            }
        self.init(kind: kind)
        mode = kind == .symbolicLink ? 0o777 : entry.mode
        uid = entry.uid
        gid = entry.gid
        if kind == .file { size = entry.size }
        time = Time(
            seconds: entry.modificationTime, nanoseconds: entry.modificationNanoseconds)
        if kind == .symbolicLink { linkTarget = entry.linkTarget }
        if kind == .characterDevice || kind == .blockDevice {
            device = Device(major: entry.deviceMajor, minor: entry.deviceMinor)
        }
        extendedAttributes = entry.extendedAttributes
    }
}

import ByteStream
import OCI
import Snapshot
import Tar

/// Writes a tree as mtree(5), a line for each path, as bsdtar and go-mtree read it.
///
/// `#mtree`, the root as `.`, every other path in full as `./a/b`, a directory before what is in it
/// and names in byte order, and at last `..`, without which the text is cut. The layer that a path
/// is from is the tag `layer:N`, from 1. The files that name users have their contents as a tag too,
/// `data:` and base64.
///
/// - Spec: mtree(5), Keywords; `tags` is passed over by readers that do not filter by it.
public struct MtreeWriter {
    private let tree: ImageTree
    private let output: OutputBuffer
    private let hasDigests: Bool

    /// - Parameter hasDigests: whether contents have their digests, where the listings have them.
    public init(_ tree: ImageTree, to output: OutputBuffer, hasDigests: Bool) {
        self.tree = tree
        self.output = output
        self.hasDigests = hasDigests
    }

    /// Writes all of the text, and flushes it.
    ///
    /// - Parameter paths: what is wanted, with everything in it; empty for all.
    /// - Throws: `ImageTreeError.noSuchPath`, `StreamError.write`.
    public func write(_ paths: [Path]) throws {
        let userFiles = try tree.userFiles()
        try output.append(Array("#mtree\n".utf8))
        var line: [UInt8] = []
        var inodes = Inodes()
        let walk = try TreeWalk(tree, paths)
        if !walk.beginsAtRoot {
            try output.append(Array(".".utf8) + keywords(of: ImageTree.root, &inodes) + [0x0A])
        }
        try walk.visit { node, path in
            line.removeAll(keepingCapacity: true)
            line.append(UInt8(ascii: "."))
            if !path.isEmpty {
                line.append(UInt8(ascii: "/"))
                VisText.append(path, to: &line)
            }
            line += try keywords(of: node, &inodes)
            if let content = userFiles[node] { line += ",data:".utf8 + Base64.encode(content) }
            line.append(UInt8(ascii: "\n"))
            try output.append(line)
        }
        try output.append(Array("..\n".utf8))
        try output.flush()
    }

    /// Numbers of files of several names, in the order in which they come: the same however the listings
    /// were made.
    private struct Inodes {
        private var numbers: [ImageTree.Record: UInt64] = [:]

        mutating func number(of record: ImageTree.Record) -> UInt64 {
            let number = numbers[record] ?? UInt64(numbers.count + 1)
            numbers[record] = number
            return number
        }
    }

    private func keywords(
        of node: UInt32, _ inodes: inout Inodes
    ) throws(ImageTreeError) -> [UInt8] {
        var text: [UInt8] = []
        guard var entry = try tree.snapshotEntry(of: node) else {
            return Array(" type=dir mode=0755 uid=0 gid=0 tags=layer:0".utf8)
        }
        if !hasDigests { entry.content = nil }
        if entry.inode != nil { entry.inode = inodes.number(of: tree.nodes[Int(node)].record) }
        entry.append(to: &text)
        text += " tags=layer:\(tree.layerNumber(of: node))".utf8
        return text
    }
}

extension ImageTree {
    /// The layer that gave a path to what it is, from 1; 0 for a root that no layer has.
    func layerNumber(of node: UInt32) -> Int {
        let layer = nodes[Int(node)].layer
        return layer == Record.implied ? 0 : Int(layer) + 1
    }

    /// What mtree(5) says of a path; nil for a root that no layer has.
    func snapshotEntry(of node: UInt32) throws(ImageTreeError) -> SnapshotEntry? {
        guard let item = try item(of: node) else { return nil }
        var entry = SnapshotEntry(item.entry)
        entry.content = item.content
        if let count = linkCounts[nodes[Int(node)].record], count > 1 {
            entry.linkCount = UInt64(count)
            entry.inode = nodes[Int(node)].record.number
        }
        return entry
    }

    /// The files that give names to users and groups, found as a container finds them.
    func userFiles() throws(ImageTreeError) -> [UInt32: [UInt8]] {
        var files: [UInt32: [UInt8]] = [:]
        for file in UserFile.allCases {
            guard case .notDirectory(let node, let rest) = resolve(file.path), rest.isEmpty,
                let content = content(of: file, at: node)
            else { continue }
            files[node] = content
        }
        return files
    }

    /// The content of a user file as a container sees it; nil when there is none, or it is too large
    /// to be kept.
    public func content(of file: UserFile) -> [UInt8]? {
        guard case .notDirectory(let node, let rest) = resolve(file.path), rest.isEmpty else {
            return nil
        }
        return content(of: file, at: node)
    }

    private func content(of file: UserFile, at node: UInt32) -> [UInt8]? {
        let record = nodes[Int(node)].record
        guard nodes[Int(node)].kind == .file, path(of: node) == file.path,
            record.layer != Record.implied
        else { return nil }
        return layers[Int(record.layer)].userFiles[file]
    }
}

extension ImageTree.Record {
    /// A number that no other file of the image has.
    var number: UInt64 { UInt64(layer) << 32 | UInt64(offset) + 1 }
}

extension SnapshotEntry {
    /// What a tar says of a file; the number of its names and its content are still to come.
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

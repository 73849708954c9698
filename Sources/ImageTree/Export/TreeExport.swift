import ByteStream
import Hashing
import ImageStore
import Layer
import OCI
import Tar

/// Writes the files of an image as one tar.
///
/// Entries come in the order of the layers, the lowest first, without entries that no container
/// sees. A directory comes before its contents, with its final attributes. A hard-linked file comes
/// at the position of its content, under its first name in byte order, and its other names follow
/// as hard links. The same image gives the same bytes.
///
/// Only layers with visible content are read; contents are streamed and not stored. Of a
/// zstd:chunked layer, only the frames of the selected files are read.
public struct TreeExport {
    private let lister: ImageLister
    private let output: OutputBuffer

    public init(_ lister: ImageLister, to output: OutputBuffer) {
        self.lister = lister
        self.output = output
    }

    /// Writes the tar with its end, and flushes it.
    ///
    /// - Parameters:
    ///   - paths: the selected paths, with everything in them; empty for all.
    ///   - withLinks: whether links and directories on the way to them are written too; then a
    ///     missing path is ignored.
    /// - Throws: `ImageTreeError`, `TarError`, and what reading the layers throws; then the tar has
    ///   no end.
    public func write(_ image: Image, _ paths: [Path], withLinks: Bool = false) throws {
        let tree = try lister.tree(of: image)
        try write(
            image, tree, ExportPlan(tree, paths, withLinks: withLinks), isPart: !paths.isEmpty)
    }

    /// Writes the changes of the layers above those of another image, as the tar of one layer, with
    /// whiteouts for removed files.
    ///
    /// - Parameter base: an image whose layers are the lowest of `image`.
    /// - Throws: as `write`, and `ImageTreeError.otherBase`.
    public func write(_ image: Image, above base: Image) throws {
        let count = try base.config().diffIDs.count
        guard try image.config().diffIDs.prefix(count).elementsEqual(base.config().diffIDs) else {
            throw ImageTreeError.otherBase
        }
        let (lower, tree) = try lister.trees(of: image, split: count)
        try write(image, tree, ExportPlan(tree, above: lower), isPart: false)
    }

    /// - Parameter isPart: whether only parts of layers are read when that is possible.
    private func write(
        _ image: Image, _ tree: ImageTree, _ plan: ExportPlan, isPart: Bool
    ) throws {
        let layers = try ImageLayer.all(of: image)
        let writer = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
        var run = Run(tree: tree, plan: plan, writer: writer, output: output)
        var parts: [Int: LayerParts] = [:]
        for layer in layers where isPart && plan.hasData[layer.index] {
            parts[layer.index] = try lister.parts(
                of: layer, tree.layers[layer.index], wanted: plan.layers[layer.index], of: image)
        }
        let read = layers.filter { plan.hasData[$0.index] && parts[$0.index] == nil }
        // The next layer is opened early, because a registry takes time to respond.
        var opened: [Int: any ByteSource] = [:]
        for path in plan.whiteouts {
            try writer.write(TarEntry(kind: .file, path: path, mode: 0o644))
        }
        for layer in layers {
            if let parts = parts[layer.index] {
                try run.write(layer, parts)
                continue
            }
            let next = read.drop { $0.index < layer.index }.prefix(2)
            for layer in next where opened[layer.index] == nil {
                opened[layer.index] = try lister.open(layer, of: image)
            }
            let tar = opened.removeValue(forKey: layer.index)
            try run.write(layer, tar)
            if tar != nil { lister.noteProof(of: layer) }
        }
        try run.writeImplied()
        try run.writeLowerLinks()
        try lister.proveRest(of: image)
        try writer.finish()
    }

    /// The state of the output.
    private struct Run {
        let tree: ImageTree
        let plan: ExportPlan
        let writer: TarWriter
        /// The output of the writer.
        let output: OutputBuffer
        private var isWritten: [Bool]

        init(tree: ImageTree, plan: ExportPlan, writer: TarWriter, output: OutputBuffer) {
            self.tree = tree
            self.plan = plan
            self.writer = writer
            self.output = output
            isWritten = [Bool](repeating: false, count: tree.nodes.count)
        }

        /// Writes the visible files of one layer.
        ///
        /// - Parameter tar: the layer; nil when none of its visible files has data.
        mutating func write(_ layer: ImageLayer, _ tar: (any ByteSource)?) throws {
            let items = plan.layers[layer.index]
            guard let tar else {
                for item in items { try write(item.node) }
                return
            }
            var next = items.startIndex
            try layer.visit(tar, as: tree.layers[layer.index]) { reader, entry, attributes in
                guard next < items.endIndex, items[next].offset == attributes else {
                    return try reader.skipData()
                }
                try write(items[next].node, dataOf: &reader, entry.size)
                next += 1
            }
        }

        /// Writes the visible files of one layer of which only parts are read.
        mutating func write(_ layer: ImageLayer, _ parts: LayerParts) throws {
            for item in plan.layers[layer.index] {
                guard let frames = parts.frames(at: item.offset) else {
                    try write(item.node)
                    continue
                }
                guard !isWritten[Int(item.node)], let entry = try entry(item.node) else { continue }
                try writer.writeHeader(entry)
                try parts.read(frames, of: Path(entry.path)) {
                    [output] (bytes) throws(LayerError) in
                    do throws(StreamError) {
                        try output.append(bytes)
                    } catch {
                        throw .stream(error)
                    }
                }
                try output.appendZeros(tarPadding(after: entry.size))
                try writeLinks(to: item.node, entry)
            }
        }

        mutating func writeImplied() throws {
            for node in plan.implied { try write(node) }
        }

        /// Writes hard links to files that the layer is put on.
        mutating func writeLowerLinks() throws {
            for (node, target) in plan.lowerLinks {
                guard let entry = try entry(node) else { continue }
                try writer.write(entry.hardLink(to: tree.path(of: target)))
            }
        }

        /// Writes a path without data, and the directories above it.
        private mutating func write(_ node: UInt32) throws {
            if isWritten[Int(node)] { return }
            guard let entry = try entry(node) else { return }
            try writer.write(entry)
            try writeLinks(to: node, entry)
        }

        private mutating func write(
            _ node: UInt32, dataOf reader: inout TarReader, _ size: UInt64
        ) throws {
            guard !isWritten[Int(node)], let entry = try entry(node) else {
                return try reader.skipData()
            }
            guard entry.size == size else { throw ImageTreeError.damaged }
            if size > 0 {
                try writer.write(entry, dataOf: &reader)
            } else {
                try reader.skipData()
                try writer.write(entry)
            }
            try writeLinks(to: node, entry)
        }

        private mutating func writeLinks(to node: UInt32, _ entry: TarEntry) throws {
            for link in plan.links[tree.nodes[Int(node)].record] ?? [] {
                guard let other = try self.entry(link) else { continue }
                try writer.write(other.hardLink(to: entry.path))
            }
        }

        /// The entry of a path to write; writes the directories above it.
        private mutating func entry(_ node: UInt32) throws -> TarEntry? {
            isWritten[Int(node)] = true
            var missing: [UInt32] = []
            var parent = tree.nodes[Int(node)].parent
            while parent != ImageTree.none, plan.isWanted(parent), !isWritten[Int(parent)] {
                missing.append(parent)
                parent = tree.nodes[Int(parent)].parent
            }
            for directory in missing.reversed() {
                isWritten[Int(directory)] = true
                if let entry = try tree.tarEntry(of: directory) { try writer.write(entry) }
            }
            return try tree.tarEntry(of: node)
        }
    }
}

extension TarEntry {
    /// Another name of a file.
    fileprivate func hardLink(to target: [UInt8]) -> TarEntry {
        var link = self
        link.kind = .hardLink
        link.linkTarget = target
        link.size = 0
        link.extendedAttributes = []
        return link
    }
}

extension ImageTree {
    /// The tar entry of a path; nil for a root without an entry.
    fileprivate func tarEntry(of node: UInt32) throws(ImageTreeError) -> TarEntry? {
        guard var entry = try item(of: node)?.entry else { return nil }
        entry.path = path(of: node)
        if entry.kind == .directory {
            entry.path = entry.path.isEmpty ? Array("./".utf8) : entry.path + [UInt8(ascii: "/")]
        }
        entry.modificationNanoseconds = 0
        return entry
    }
}

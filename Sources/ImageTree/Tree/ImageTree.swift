import ByteStream
import OCI
import Tar

/// The files of an image as a container sees them: its layers applied from the lowest up, as in
/// unpacking.
///
/// A path takes 32 bytes, its name, and at most 16 bytes of a table. Its attributes stay in the
/// listing of its layer, with about 20 bytes for each entry.
///
/// - Spec: image-spec v1.1.1, layer.md, "Applying Changesets".
public struct ImageTree: Sendable {
    /// A name in a directory.
    struct Node: Sendable {
        var parent: UInt32
        var nameOffset: UInt32
        var nameLength: UInt16
        /// The index of the layer that last changed the name.
        var layer: UInt16
        var record: Record
        var kind: TarEntry.Kind
        /// Whether the path exists. A deleted name stays, because the next layer may use it.
        var isThere: Bool
        /// Whether it is in its parent's list of children.
        var isListed = false
        var firstChild: UInt32 = ImageTree.none
        var nextSibling: UInt32 = ImageTree.none
    }

    /// The position of a file's attributes: two names with the same record are links of each other.
    struct Record: Hashable, Sendable {
        /// The index of the layer; `implied` for directories without an entry.
        var layer: UInt16
        var offset: UInt32

        static let implied: UInt16 = .max
    }

    /// Bytes of a layer's file that upper layers hide.
    struct Covered: Sendable {
        /// The name that it had.
        var node: UInt32
        var layer: UInt16
        var size: UInt64
    }

    static let none = UInt32.max
    static let root: UInt32 = 0

    /// The listings of the layers, the lowest first.
    public private(set) var layers: [LayerListing] = []
    private(set) var nodes: [Node] = []
    private var names: [UInt8] = []
    private var table = NameTable()
    /// Attributes of directories without an entry.
    private(set) var implied = LayerListing(hasContentDigests: false)
    /// The number of names of each file that ever had more than one.
    private(set) var linkCounts: [Record: Int] = [:]
    private(set) var covered: [Covered] = []
    /// The directory of the last entry; nil after names have changed.
    private var lastParent: (path: [UInt8], node: UInt32)?
    /// Directories from which a whiteout of the current layer has removed the files of lower layers.
    private var cleared: Set<UInt32> = []

    /// The image without layers: an empty root directory.
    public init() {
        nodes.append(
            Node(
                parent: ImageTree.none, nameOffset: 0, nameLength: 0, layer: Record.implied,
                record: Record(layer: Record.implied, offset: .max), kind: .directory,
                isThere: true))
    }

    /// Applies one more layer.
    ///
    /// - Throws: `ImageTreeError.refused` for an entry that unpacking refuses too, `.tooLarge`.
    public mutating func apply(_ listing: LayerListing) throws(ImageTreeError) {
        precondition(layers.count < Int(Record.implied))
        let layer = UInt16(layers.count)
        layers.append(listing)
        lastParent = nil
        cleared = []
        // In the order of the tar, as in unpacking: a link to a file whose name a later whiteout
        // deletes keeps the file.
        try listing.visit { (item, attributes) throws(ImageTreeError) in
            switch item.action {
            case .entry: try put(item.entry, Record(layer: layer, offset: UInt32(attributes)))
            case .whiteout:
                guard let node = find(exactly: item.entry.path) else { return }
                try removeOlder(node, than: layer)
            case .opaqueWhiteout:
                guard let node = find(exactly: item.entry.path) else { return }
                try removeOlderChildren(of: node, than: layer)
            }
        }
        lastParent = nil
        cleared = []
    }

    // MARK: Names

    func name(of node: UInt32) -> ArraySlice<UInt8> {
        let node = nodes[Int(node)]
        return names[Int(node.nameOffset)..<(Int(node.nameOffset) + Int(node.nameLength))]
    }

    /// A name in a directory, existing or deleted.
    private func child(_ name: ArraySlice<UInt8>, of parent: UInt32) -> UInt32? {
        table.find(hash(name, parent)) { node in
            nodes[Int(node)].parent == parent && self.name(of: node) == name
        }
    }

    /// An existing name in a directory.
    func entry(_ name: ArraySlice<UInt8>, of parent: UInt32) -> UInt32? {
        child(name, of: parent).flatMap { nodes[Int($0)].isThere ? $0 : nil }
    }

    private func hash(_ name: ArraySlice<UInt8>, _ parent: UInt32) -> Int {
        var hasher = Hasher()
        hasher.combine(parent)
        name.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    // MARK: Entries

    private mutating func put(_ entry: TarEntry, _ record: Record) throws(ImageTreeError) {
        guard let slash = entry.path.lastIndex(of: UInt8(ascii: "/")) else {
            if entry.path.isEmpty {
                return set(ImageTree.root, .directory, record, layer: record.layer)
            }
            return try put(entry, record, in: ImageTree.root, name: entry.path[...])
        }
        let parent = try parent(entry.path[..<slash], entry, record)
        try put(entry, record, in: parent, name: entry.path[(slash + 1)...])
    }

    private mutating func put(
        _ entry: TarEntry, _ record: Record, in parent: UInt32, name: ArraySlice<UInt8>
    ) throws(ImageTreeError) {
        let present = child(name, of: parent)
        switch entry.kind {
        case .hardLink:
            let target = try linkTarget(of: entry, record)
            if target == present {
                nodes[Int(target)].layer = record.layer
                return
            }
            if let present, isInside(target, present) {
                throw refused(entry, record, "is in what it replaces")
            }
            let (shared, kind) = (nodes[Int(target)].record, nodes[Int(target)].kind)
            // Count the new name before the old file loses its name.
            linkCounts[shared, default: 1] += 1
            let node = try makeRoom(name, in: parent, present)
            set(node, kind, shared, layer: record.layer)
        case .directory:
            if let present, nodes[Int(present)].isThere, nodes[Int(present)].kind == .directory {
                // Its contents stay.
                return set(present, .directory, record, layer: record.layer)
            }
            set(
                try makeRoom(name, in: parent, present), .directory, record, layer: record.layer)
        case .file, .symbolicLink, .characterDevice, .blockDevice, .fifo:
            set(try makeRoom(name, in: parent, present), entry.kind, record, layer: record.layer)
        }
    }

    private mutating func set(
        _ node: UInt32, _ kind: TarEntry.Kind, _ record: Record, layer: UInt16
    ) {
        nodes[Int(node)].kind = kind
        nodes[Int(node)].record = record
        nodes[Int(node)].layer = layer
        nodes[Int(node)].isThere = true
    }

    /// A node of that name, after its former file was removed.
    private mutating func makeRoom(
        _ name: ArraySlice<UInt8>, in parent: UInt32, _ present: UInt32?
    ) throws(ImageTreeError) -> UInt32 {
        let node: UInt32
        if let present {
            node = present
            try remove(node)
        } else {
            node = try add(name, to: parent)
        }
        if !nodes[Int(node)].isListed {
            nodes[Int(node)].isListed = true
            nodes[Int(node)].nextSibling = nodes[Int(parent)].firstChild
            nodes[Int(parent)].firstChild = node
        }
        return node
    }

    private mutating func add(
        _ name: ArraySlice<UInt8>, to parent: UInt32
    ) throws(ImageTreeError) -> UInt32 {
        guard nodes.count < Int(ImageTree.none), names.count + name.count < Int(UInt32.max),
            let length = UInt16(exactly: name.count)
        else { throw .tooLarge(subject: "the image", byteCount: Int(UInt32.max)) }
        let node = UInt32(nodes.count)
        let offset = UInt32(names.count)
        names.append(contentsOf: name)
        nodes.append(
            Node(
                parent: parent, nameOffset: offset, nameLength: length, layer: 0,
                record: Record(layer: 0, offset: 0), kind: .file, isThere: false))
        if table.isFull {
            var larger = table.doubled()
            for index in 1..<node {
                larger.insert(hash(self.name(of: index), nodes[Int(index)].parent), index)
            }
            table = larger
        }
        table.insert(hash(name, parent), node)
        return node
    }

    // MARK: Directories

    /// The directory of an entry; missing directories are created.
    ///
    /// A component of the path is replaced by a directory when it is from a lower layer and is a file,
    /// or a link that leads to a file or in a circle. The target of a link is never replaced.
    private mutating func parent(
        _ path: ArraySlice<UInt8>, _ entry: TarEntry, _ record: Record
    ) throws(ImageTreeError) -> UInt32 {
        if let lastParent, lastParent.path.elementsEqual(path) { return lastParent.node }
        let bytes = Array(path)
        while true {
            switch resolve(bytes) {
            case .node(let node):
                lastParent = (bytes, node)
                return node
            case .missing(var parent, let components):
                // A new directory is empty, so nothing of the path behind `..` exists.
                for name in components.prefix(while: { !$0.elementsEqual("..".utf8) })
                where !name.elementsEqual(".".utf8) {
                    parent = try makeDirectory(name, in: parent, entry, record)
                }
            case .notDirectory(_, _, from: let node):
                try replace(node, entry, record, "it is not a directory, but has entries")
            case .circle(from: let node):
                try replace(node, entry, record, "its links lead in a circle")
            }
        }
    }

    /// Creates a directory in place of a file or link of a lower layer.
    private mutating func replace(
        _ node: UInt32, _ entry: TarEntry, _ record: Record, _ problem: String
    ) throws(ImageTreeError) {
        guard nodes[Int(node)].layer != record.layer else {
            throw .refused(layer: Int(record.layer) + 1, path: Path(path(of: node)), problem)
        }
        let name = Array(name(of: node))
        _ = try makeDirectory(name[...], in: nodes[Int(node)].parent, entry, record)
    }

    /// Creates a directory without an entry, with the time of the entry that needs it.
    private mutating func makeDirectory(
        _ name: ArraySlice<UInt8>, in parent: UInt32, _ entry: TarEntry, _ record: Record
    ) throws(ImageTreeError) -> UInt32 {
        guard name.count <= EntryPath.nameByteLimit else {
            throw .refused(
                layer: Int(record.layer) + 1, path: Path(entry.path),
                "a name in a link target on its path has more than \(EntryPath.nameByteLimit) bytes"
            )
        }
        var directory = TarEntry(kind: .directory, path: [], mode: 0o755)
        directory.modificationTime = entry.modificationTime
        directory.modificationNanoseconds = entry.modificationNanoseconds
        let offset = try implied.appendAttributes(
            LayerItem(action: .entry, entry: directory, content: nil))
        let node = try makeRoom(name, in: parent, child(name, of: parent))
        set(
            node, .directory, Record(layer: Record.implied, offset: UInt32(offset)),
            layer: record.layer)
        return node
    }

    // MARK: Removal

    /// Removes a path with everything in it.
    private mutating func remove(_ node: UInt32) throws(ImageTreeError) {
        guard nodes[Int(node)].isThere else { return }
        if nodes[Int(node)].kind == .directory {
            try removeChildren(of: node)
        }
        try removeName(node)
    }

    private mutating func removeName(_ node: UInt32) throws(ImageTreeError) {
        let removed = nodes[Int(node)]
        nodes[Int(node)].isThere = false
        if removed.kind == .directory || removed.kind == .symbolicLink { lastParent = nil }
        if let count = linkCounts[removed.record] {
            linkCounts[removed.record] = count - 1
            if count > 1 { return }
        }
        guard removed.kind == .file, let size = try item(of: node)?.entry.size, size > 0 else {
            return
        }
        covered.append(Covered(node: node, layer: removed.record.layer, size: size))
    }

    /// Removes a path for a whiteout of `layer`, which spares the layer's own names and the
    /// directories above them.
    private mutating func removeOlder(_ node: UInt32, than layer: UInt16) throws(ImageTreeError) {
        if nodes[Int(node)].kind == .directory {
            try removeOlderChildren(of: node, than: layer)
            if nodes[Int(node)].firstChild != ImageTree.none { return }
        }
        if nodes[Int(node)].layer != layer { try removeName(node) }
    }

    /// Removes everything in a directory but the names of `layer` and the directories above them,
    /// without recursion. Removed names are taken out of the list of children.
    ///
    /// A directory is searched once for each layer, however many whiteouts there are.
    private mutating func removeOlderChildren(
        of directory: UInt32, than layer: UInt16
    ) throws(ImageTreeError) {
        guard cleared.insert(directory).inserted else { return }
        var directories = [directory]
        var index = 0
        while index < directories.count {
            let parent = directories[index]
            index += 1
            if parent != directory, !cleared.insert(parent).inserted { continue }
            var next = nodes[Int(parent)].firstChild
            while next != ImageTree.none {
                let node = nodes[Int(next)]
                if node.isThere {
                    if node.kind == .directory {
                        directories.append(next)
                    } else if node.layer != layer {
                        try removeName(next)
                    }
                }
                next = node.nextSibling
            }
        }
        // A directory comes after the one that it is in.
        for parent in directories.reversed() {
            dropRemovedChildren(of: parent)
            if parent != directory, nodes[Int(parent)].layer != layer,
                nodes[Int(parent)].firstChild == ImageTree.none
            {
                try removeName(parent)
            }
        }
    }

    /// Takes removed names out of a directory's list of children.
    private mutating func dropRemovedChildren(of directory: UInt32) {
        var next = nodes[Int(directory)].firstChild
        nodes[Int(directory)].firstChild = ImageTree.none
        while next != ImageTree.none {
            let node = next
            next = nodes[Int(node)].nextSibling
            let isThere = nodes[Int(node)].isThere
            nodes[Int(node)].isListed = isThere
            nodes[Int(node)].nextSibling =
                isThere ? nodes[Int(directory)].firstChild : ImageTree.none
            if isThere { nodes[Int(directory)].firstChild = node }
        }
    }

    /// Removes everything in a directory, without recursion: a tree may be deeper than the stack.
    ///
    /// Its list of children is dropped, so that names that are added and removed repeatedly are not
    /// visited again.
    private mutating func removeChildren(of directory: UInt32) throws(ImageTreeError) {
        var pending = [directory]
        while let parent = pending.popLast() {
            var next = nodes[Int(parent)].firstChild
            nodes[Int(parent)].firstChild = ImageTree.none
            while next != ImageTree.none {
                let node = next
                next = nodes[Int(node)].nextSibling
                nodes[Int(node)].isListed = false
                nodes[Int(node)].nextSibling = ImageTree.none
                guard nodes[Int(node)].isThere else { continue }
                if nodes[Int(node)].kind == .directory { pending.append(node) }
                try removeName(node)
            }
        }
        lastParent = nil
    }
}

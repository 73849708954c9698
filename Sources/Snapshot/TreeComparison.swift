import ByteStream
import Glibc
import Tar

/// Compares a tree with its snapshot.
///
/// A path is changed when its type, mode, owner, link target, device, attributes, content or time
/// in whole seconds (a layer has no others) is not what the snapshot says. Sockets count as nothing.
public struct TreeComparison {
    /// Whether a file of the recorded attributes, inode and change time, which was older than the
    /// snapshot, is taken for unchanged without reading it (`FileSystemClock`).
    public var isFast = false
    /// How many threads read files; nil: as many as there are processors.
    public var threads: Int?

    public init() {}

    /// What a layer must hold to turn the recorded tree into `directory`: changed and added paths,
    /// and `.wh.NAME` for those that are gone, relative to it and as `oci-tar` orders them.
    ///
    /// - A removed directory has one whiteout and none below. What became of another type has none:
    ///   an entry of another type replaces what was there (image-spec v1.1.1, layer.md, Applying
    ///   Changesets).
    /// - Of a file of several names either all are listed or none, so that they stay links.
    ///
    /// - Throws: `SnapshotError.tar`, and `.tar(.whiteoutName)` for a changed path that would read as
    ///   a whiteout.
    public func changes(
        from snapshot: Snapshot, to directory: Path, warn: @escaping (String) -> Void
    ) throws(SnapshotError) -> [Path] {
        let comparer = Comparer(snapshot, directory, isFast: isFast)
        do {
            let work: ScanWork = isFast ? .status : .reading
            try TreeScan(directory: directory, threads: threads, work: work, warn: warn)
                .run(begin: comparer.begin) { ComparisonChunk(comparer) }
            if comparer.isRootChanged {
                warn(
                    "mode, owner or attributes of \(directory.quoted) itself changed, "
                        + "of which a layer says nothing")
            }
            return try comparer.paths()
        } catch {
            throw .tar(error)
        }
    }
}

/// Compares some entries.
private final class ComparisonChunk: ScanChunk {
    private let comparer: Comparer
    private var findings: [Comparer.Finding?] = []
    /// Where in the snapshot the path before was.
    private var position = 0

    init(_ comparer: Comparer) {
        self.comparer = comparer
    }

    override func clear() {
        super.clear()
        findings.removeAll(keepingCapacity: true)
    }

    override func examine(_ file: ScannedFile) throws(TarError) {
        findings.append(try comparer.examine(file, position: &position))
    }

    override func take(_ index: Int, path: ArraySlice<UInt8>) throws(TarError) {
        if let finding = findings[index] { comparer.take(finding, path: path) }
    }
}

/// Everything but `examine` is called by one thread at a time.
private final class Comparer: @unchecked Sendable {
    struct Finding {
        /// Of its record; nil when the path was not there.
        let index: Int?
        let isDirectory: Bool
        let isChanged: Bool
        let inode: UInt64?
        /// Set for a file of several names, now or then.
        let identity: FileIdentity?
    }

    private struct LinkName {
        let path: [UInt8]
        /// The inode that it had.
        let oldInode: UInt64?
        let isNew: Bool
        let isListed: Bool
    }

    private enum State: UInt8 {
        case gone
        case there
        case directory
    }

    private let snapshot: Snapshot
    private let directory: Path
    private let isFast: Bool
    /// The file system of the tree's own directory.
    private var device: UInt64 = 0
    private var states: [State]
    private var changed: [[UInt8]] = []
    private var links: [FileIdentity: [LinkName]] = [:]
    private(set) var isRootChanged = false

    init(_ snapshot: Snapshot, _ directory: Path, isFast: Bool) {
        self.snapshot = snapshot
        self.directory = directory
        self.isFast = isFast
        states = Array(repeating: .gone, count: snapshot.records.count)
    }

    // MARK: Each path

    func begin(_ root: OpenDirectory) throws(TarError) {
        device = UInt64(try root.status().st_dev)
    }

    /// - Parameter position: near which the path is looked for, and where it is.
    /// - Returns: nil for what counts as nothing.
    func examine(_ file: ScannedFile, position: inout Int) throws(TarError) -> Finding? {
        guard let (entry, identity) = try file.status() else { return nil }
        let path = UnsafeRawBufferPointer(rebasing: file.path)
        let index = path.isEmpty ? nil : snapshot.index(of: path, near: &position)
        if let index, isUntouched(index, entry, on: identity.device) {
            let isLinked = entry.kind != .directory && (entry.linkCount ?? 1) > 1
            return Finding(
                index: index, isDirectory: entry.kind == .directory, isChanged: false,
                inode: entry.inode, identity: isLinked ? identity : nil)
        }
        let old = file.path.isEmpty ? snapshot.root : index.map { snapshot.records[$0].entry }
        let isLinked = (entry.linkCount ?? 1) > 1 || (old?.linkCount ?? 1) > 1
        return Finding(
            index: index, isDirectory: entry.kind == .directory,
            isChanged: try old.map { (old) throws(TarError) in
                try isChanged(file, from: old, to: entry, on: identity.device)
            } ?? !file.path.isEmpty,
            inode: entry.inode,
            identity: isLinked && entry.kind != .directory ? identity : nil)
    }

    /// Whether nothing of a file was touched since before the snapshot; it has as many names too.
    private func isUntouched(_ index: Int, _ entry: SnapshotEntry, on device: UInt64) -> Bool {
        guard isFast, device == self.device else { return false }
        // In place: a copy of a record counts references.
        return snapshot.records.withUnsafeBufferPointer { records in
            records[index].entry.isSameFile(as: entry)
                && records[index].entry.linkCount == entry.linkCount
        }
    }

    private func isChanged(
        _ file: ScannedFile, from old: SnapshotEntry, to entry: SnapshotEntry, on device: UInt64
    ) throws(TarError) -> Bool {
        if isFast, device == self.device, old.isSameFile(as: entry) { return false }
        if old.differs(from: entry, comparingTime: !file.path.isEmpty) { return true }
        if entry.kind == .symbolicLink, let target = old.linkTarget {
            if try file.linkTarget() != target { return true }
        }
        let digest = old.otherContents.first
        guard entry.kind == .file, old.content != nil || digest != nil else {
            if !snapshot.hasAttributes { return false }
            return try file.extendedAttributes() != old.extendedAttributes
        }
        let read = try file.read(old.content == nil ? digest?.algorithm : nil)
        return read.content != old.content || read.otherContents != old.otherContents
            || (snapshot.hasAttributes && read.extendedAttributes != old.extendedAttributes)
    }

    func take(_ finding: Finding, path: ArraySlice<UInt8>) {
        if path.isEmpty {
            isRootChanged = finding.isChanged
            return
        }
        if let index = finding.index {
            states[index] = finding.isDirectory ? .directory : .there
        }
        if let identity = finding.identity {
            let old = finding.index.map { snapshot.records[$0].entry }
            links[identity, default: []].append(
                LinkName(
                    path: Array(path), oldInode: old?.inode, isNew: old == nil,
                    isListed: finding.isChanged))
        } else if finding.isChanged {
            changed.append(Array(path))
        }
    }

    // MARK: All of them

    /// Everything that is listed, in order.
    func paths() throws(TarError) -> [Path] {
        addLinks()
        for path in changed where Whiteout.isName(Path(path).name.bytes) {
            throw .whiteoutName(path: directory.appending(Path(path)))
        }
        try addWhiteouts()
        changed.sort { left, right in
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { PathList.precedes(left, $0) }
            }
        }
        return changed.map { Path($0) }
    }

    /// Adds the names of each file that has several, when one of them is listed, or when they were
    /// not names of the same file before.
    private func addLinks() {
        // How many names of an old file are still there and unchanged by themselves.
        var remaining: [UInt64: Int] = [:]
        for name in links.values.joined() {
            if let inode = name.oldInode { remaining[inode, default: 0] += 1 }
        }
        for names in links.values {
            let old = Set(names.map(\.oldInode))
            let isTogether: Bool
            if let inode = old.first, let inode {
                isTogether = old.count == 1 && remaining[inode] == names.count
            } else {
                // The snapshot has no inodes: what it says of the number of names must do.
                isTogether = old.count == 1 && !names.contains(where: \.isNew)
            }
            if !isTogether || names.contains(where: \.isListed) {
                changed += names.map(\.path)
            }
        }
    }

    /// Adds a whiteout for each path that is gone from a directory that is still one.
    private func addWhiteouts() throws(TarError) {
        for (record, state) in zip(snapshot.records, states) where state == .gone {
            if let parent = record.parent, states[parent] != .directory { continue }
            let path = snapshot.path(of: record)
            let name = (path.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex - 1) + 1
            let whiteout = Whiteout.sibling(Array(path[name...])).name
            guard Whiteout(whiteout) != nil else {
                throw .unsupported(path: Path(path), "gone, but no whiteout can say so")
            }
            changed.append(path[..<name] + whiteout)
        }
    }
}

extension SnapshotEntry {
    /// Whether what this says of a file is not what the kernel says now. Contents, link targets and
    /// attributes are compared by whoever reads them.
    fileprivate func differs(from now: SnapshotEntry, comparingTime: Bool) -> Bool {
        func differ<Value: Equatable>(_ old: Value?, _ now: Value?) -> Bool {
            old != nil && old != now
        }
        if kind != now.kind { return true }
        if kind != .symbolicLink, differ(mode, now.mode) { return true }
        // Without inodes, only their number tells whether names were of the same file.
        if inode == nil, differ(linkCount, now.linkCount) { return true }
        if comparingTime, let time, time.seconds != now.time?.seconds { return true }
        return differ(uid, now.uid) || differ(gid, now.gid) || differ(size, now.size)
            || differ(device, now.device)
    }

    /// Whether a change time is recorded, which only a file has that was older than the snapshot,
    /// and it is that of now, as everything else is that the kernel says at once.
    fileprivate func isSameFile(as now: SnapshotEntry) -> Bool {
        changeTime != nil && changeTime == now.changeTime && time == now.time && size == now.size
            && inode != nil && inode == now.inode && kind == now.kind && mode == now.mode
            && uid == now.uid && gid == now.gid
    }
}

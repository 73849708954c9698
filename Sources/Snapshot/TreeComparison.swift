import ByteStream
import Glibc
import Tar

/// Compares a tree with its snapshot.
///
/// A path is changed when its type, mode, owner, link target, device, attributes, content or time
/// in whole seconds (as in layers) differs from the snapshot. Sockets are ignored.
public struct TreeComparison {
    /// Whether a file counts as unchanged without being read when attributes, inode and change time
    /// are as recorded and older than the snapshot (`FileSystemClock`).
    public var isFast = false
    /// Number of threads that read files; nil means the number of processors.
    public var threads: Int?

    public init() {}

    /// The entries of a layer that turns the recorded tree into `directory`: changed and added
    /// paths, and `.wh.NAME` for removed ones, relative to it and in the order of `oci-tar`.
    ///
    /// - A removed directory has one whiteout, and its contents have none. A path of another type
    ///   has none, because its entry replaces the old one (image-spec v1.1.1, layer.md, Applying
    ///   Changesets).
    /// - A hard-linked file is listed with all its names or not at all, so that they stay links.
    ///
    /// - Throws: `SnapshotError.tar`, and `.tar(.whiteoutName)` for a changed path with the name of
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

/// Compares a part of the entries.
private final class ComparisonChunk: ScanChunk {
    private let comparer: Comparer
    private var findings: [Comparer.Finding?] = []
    /// The index of the previous path in the snapshot.
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

    override func deliver(_ index: Int, path: ArraySlice<UInt8>) throws(TarError) {
        if let finding = findings[index] { comparer.record(finding, path: path) }
    }
}

/// Everything except `examine` is called by one thread at a time.
private final class Comparer: @unchecked Sendable {
    struct Finding {
        /// The index of its record; nil for a new path.
        let index: Int?
        let isDirectory: Bool
        let isChanged: Bool
        let inode: UInt64?
        /// Set for a file with several names, now or in the snapshot.
        let identity: FileIdentity?
    }

    private struct LinkName {
        let path: [UInt8]
        /// The recorded inode.
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

    /// - Parameter position: the position at which the search begins; updated to that of the path.
    /// - Returns: nil when nothing relevant changed.
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

    /// Whether a file is unchanged since before the snapshot, including its number of names.
    private func isUntouched(_ index: Int, _ entry: SnapshotEntry, on device: UInt64) -> Bool {
        guard isFast, device == self.device else { return false }
        // In place, because copying a record counts references.
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

    func record(_ finding: Finding, path: ArraySlice<UInt8>) {
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

    /// All listed paths, in order.
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

    /// Adds all names of a hard-linked file when one of them is listed, or when they were not names
    /// of the same file before.
    private func addLinks() {
        // The number of names of an old file that still exist and are unchanged.
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
                // Without inodes in the snapshot, the number of names decides.
                isTogether = old.count == 1 && !names.contains(where: \.isNew)
            }
            if !isTogether || names.contains(where: \.isListed) {
                changed += names.map(\.path)
            }
        }
    }

    /// Adds a whiteout for each path that was removed from an existing directory.
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
    /// Whether the recorded attributes differ from the current ones. Contents, link targets and
    /// extended attributes are compared elsewhere.
    fileprivate func differs(from now: SnapshotEntry, comparingTime: Bool) -> Bool {
        func differ<Value: Equatable>(_ old: Value?, _ now: Value?) -> Bool {
            old != nil && old != now
        }
        if kind != now.kind { return true }
        if kind != .symbolicLink, differ(mode, now.mode) { return true }
        // Without inodes, only the number of names shows whether names belonged to the same file.
        if inode == nil, differ(linkCount, now.linkCount) { return true }
        if comparingTime, let time, time.seconds != now.time?.seconds { return true }
        return differ(uid, now.uid) || differ(gid, now.gid) || differ(size, now.size)
            || differ(device, now.device)
    }

    /// Whether a change time is recorded (only for a file older than the snapshot), and it and all
    /// other attributes of fstatat(2) are the current ones.
    fileprivate func isSameFile(as now: SnapshotEntry) -> Bool {
        changeTime != nil && changeTime == now.changeTime && time == now.time && size == now.size
            && inode != nil && inode == now.inode && kind == now.kind && mode == now.mode
            && uid == now.uid && gid == now.gid
    }
}

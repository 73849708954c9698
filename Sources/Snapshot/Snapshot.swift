import ByteStream
import Glibc
import Tar

/// A tree as it was recorded.
///
/// - Spec: mtree(5).
public struct Snapshot: Sendable {
    struct Record: Sendable {
        let path: Range<Int>
        /// Index of the directory that it is in; nil for an entry of the root.
        var parent: Int?
        let line: Int
        var entry: SnapshotEntry
    }

    /// The tree's own directory; nil when the snapshot does not say.
    public let root: SnapshotEntry?
    /// Names of the digests of contents that files have and that are not compared, since they have
    /// no sha256.
    public let otherDigests: Set<String>
    /// Whether an entry without extended attributes says that the file has none.
    let hasAttributes: Bool
    /// In the order of a walk: a directory before its contents, names in byte order.
    let records: [Record]
    private let paths: [UInt8]
    /// Contents of small files by path, where the snapshot has them.
    let contents: [[UInt8]: [UInt8]]

    /// Reads a snapshot to its end: relative and full entries, `/set` and `/unset`, in any order.
    ///
    /// Keywords of which a comparison makes no use are passed over.
    /// - Throws: `SnapshotError` with the line; `.cut` when the end is missing.
    public init(_ input: InputStream) throws(SnapshotError) {
        try self.init(input, needsEnd: false)
    }

    /// Reads a text of oci-list or oci-snapshot, which ends with the `..` of the tree's own directory.
    ///
    /// - Throws: as `init(_:)`; `.cut` also for full paths without an end.
    public init(complete input: InputStream) throws(SnapshotError) {
        try self.init(input, needsEnd: true)
    }

    private init(_ input: InputStream, needsEnd: Bool) throws(SnapshotError) {
        var parser = SnapshotParser(path: input.path)
        let lines = SnapshotLines(input)
        try lines.read { (line) throws(SnapshotError) in
            try parser.read(line, line: lines.number)
        }
        try parser.finish(lines, needsEnd: needsEnd)
        root = parser.root
        otherDigests = parser.otherDigests
        hasAttributes = parser.hasAttributes
        paths = parser.paths
        contents = parser.contents
        records = try Snapshot.ordered(parser.records, paths, input.path)
    }

    func path(of record: Record) -> ArraySlice<UInt8> { paths[record.path] }

    /// The index of the record of a path; nil when there is none.
    func index(of path: [UInt8]) -> Int? {
        var position = 0
        return path.withUnsafeBytes { index(of: $0, near: &position) }
    }

    /// The index of the record of a path; nil when there is none.
    ///
    /// - Parameter position: where the one before was found, and where this one would be: that of
    ///   the next path of a walk is most often the next.
    func index(of path: UnsafeRawBufferPointer, near position: inout Int) -> Int? {
        paths.withUnsafeBytes { paths in
            func text(_ index: Int) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: paths[records[index].path])
            }
            for index in [position, position + 1]
            where records.indices.contains(index) && text(index).isSame(as: path) {
                position = index
                return index
            }
            var low = 0
            var high = records.count
            while low < high {
                let middle = (low + high) / 2
                if text(middle).isSame(as: path) {
                    position = middle
                    return middle
                }
                if walkPrecedes(text(middle), path) { low = middle + 1 } else { high = middle }
            }
            position = low
            return nil
        }
    }

    /// Sorts, and finds each record's parent.
    ///
    /// - Throws: `SnapshotError.malformed` for a path that is there twice, or not in a directory.
    private static func ordered(
        _ unordered: [Record], _ paths: [UInt8], _ source: Path
    ) throws(SnapshotError) -> [Record] {
        var records = unordered
        try paths.withRawBytes { (paths) throws(SnapshotError) in
            func text(_ record: Record) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: paths[record.path])
            }
            let isOrdered = zip(records, records.dropFirst())
                .allSatisfy { walkPrecedes(text($0), text($1)) }
            if !isOrdered { records.sort { walkPrecedes(text($0), text($1)) } }
            var directories: [Int] = []
            for index in records.indices {
                let path = text(records[index])
                func malformed(_ problem: String) -> SnapshotError {
                    .malformed(
                        path: source, line: records[index].line,
                        "\(Path(Array(path)).quoted) \(problem)")
                }
                if index > 0, text(records[index - 1]).isSame(as: path) {
                    throw malformed("is there twice")
                }
                let isDirectory = records[index].entry.kind == .directory
                guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
                    directories = isDirectory ? [index] : []
                    continue
                }
                let parent = UnsafeRawBufferPointer(rebasing: path[..<slash])
                while let last = directories.last, !text(records[last]).isSame(as: parent) {
                    directories.removeLast()
                }
                guard let last = directories.last else { throw malformed("is not in a directory") }
                records[index].parent = last
                if isDirectory { directories.append(index) }
            }
        }
        return records
    }
}

extension UnsafeRawBufferPointer {
    func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let mine = baseAddress, let theirs = other.baseAddress else {
            return count == other.count
        }
        return memcmp(mine, theirs, count) == 0
    }
}

/// Whether a walk finds one path before another: components in byte order.
private func walkPrecedes(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
) -> Bool {
    var other = right.makeIterator()
    for byte in left {
        guard let otherByte = other.next() else { return false }
        if byte == otherByte { continue }
        func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
        return rank(byte) < rank(otherByte)
    }
    return other.next() != nil
}

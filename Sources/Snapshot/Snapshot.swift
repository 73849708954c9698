import ByteStream
import Glibc
import Tar

/// A recorded tree.
///
/// - Spec: mtree(5).
public struct Snapshot: Sendable {
    /// One path; kept small, because there is a record for each path.
    struct Record: Sendable {
        private let start: UInt32
        private let count: UInt32
        private var parentIndex: Int32 = -1
        private let lineNumber: UInt32
        var entry: SnapshotEntry

        /// - Precondition: `path` is below `SnapshotParser.pathsByteLimit`.
        init(path: Range<Int>, line: Int, entry: SnapshotEntry) {
            start = UInt32(path.lowerBound)
            count = UInt32(path.count)
            lineNumber = UInt32(clamping: line)
            self.entry = entry
        }

        var path: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
        var line: Int { Int(lineNumber) }

        /// The index of its directory; nil when that is the tree's own directory.
        var parent: Int? {
            get { parentIndex < 0 ? nil : Int(parentIndex) }
            set { parentIndex = newValue.map { Int32(clamping: $0) } ?? -1 }
        }
    }

    /// The tree's own directory; nil when the snapshot does not have it.
    public let root: SnapshotEntry?
    /// The names of digests that cannot be compared, of files without another digest.
    public let otherDigests: Set<String>
    /// Whether an entry without extended attributes means that the file has none.
    let hasAttributes: Bool
    /// In the order of a walk: a directory before its contents, names in byte order.
    let records: [Record]
    private let paths: [UInt8]
    /// The contents of small files by path, when the snapshot has them.
    let contents: [[UInt8]: [UInt8]]

    /// Reads a snapshot to its end: relative and full entries, `/set` and `/unset`, in any order.
    ///
    /// Keywords that a comparison does not use are ignored.
    /// - Throws: `SnapshotError` with the line; `.cut` when the end is missing.
    public init(_ input: InputStream) throws(SnapshotError) {
        try self.init(input, needsEnd: false)
    }

    /// Reads the output of oci-list or oci-snapshot, which must end with the `..` of the tree's own
    /// directory.
    ///
    /// - Throws: as `init(_:)`; `.cut` also for full paths without this end.
    public init(complete input: InputStream) throws(SnapshotError) {
        try self.init(input, needsEnd: true)
    }

    private init(_ input: InputStream, needsEnd: Bool) throws(SnapshotError) {
        var parser = SnapshotParser(path: input.path)
        parser.reserve(Snapshot.expectedCount(input))
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
        var records = parser.takeRecords()
        try Snapshot.order(&records, paths, input.path)
        self.records = records
    }

    /// An estimate of the number of records by the size of a file, limited so that a wrong value
    /// does no harm.
    private static func expectedCount(_ input: InputStream) -> Int {
        var status = stat()
        guard fstat(input.descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else { return 0 }
        return min(Int(status.st_size) / lineByteCount, 1 << 18)
    }

    /// The minimum number of bytes of the lines of an entry.
    private static let lineByteCount = 160

    func path(of record: Record) -> ArraySlice<UInt8> { paths[record.path] }

    /// The index of the record of a path; nil when there is none.
    func index(of path: [UInt8]) -> Int? {
        var position = 0
        return path.withUnsafeBytes { index(of: $0, near: &position) }
    }

    /// The index of the record of a path; nil when there is none.
    ///
    /// - Parameter position: the position of the previous path; updated to that of this path. The
    ///   next path of a walk is most often at the next position.
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

    /// Sorts the records, and finds the parent of each.
    ///
    /// - Throws: `SnapshotError.malformed` for a duplicate path, or a path that is not in a
    ///   directory.
    private static func order(
        _ records: inout [Record], _ paths: [UInt8], _ source: Path
    ) throws(SnapshotError) {
        try paths.withRawBytes { (paths) throws(SnapshotError) in
            func text(_ path: Range<Int>) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: paths[path])
            }
            let isOrdered = records.indices.dropFirst().allSatisfy {
                walkPrecedes(text(records[$0 - 1].path), text(records[$0].path))
            }
            if !isOrdered { records.sort { walkPrecedes(text($0.path), text($1.path)) } }
            var directories: [Int] = []
            for index in records.indices {
                let path = text(records[index].path)
                func malformed(_ problem: String) -> SnapshotError {
                    .malformed(
                        path: source, line: records[index].line,
                        "\(Path(Array(path)).quoted) \(problem)")
                }
                if !isOrdered, index > 0, text(records[index - 1].path).isSame(as: path) {
                    throw malformed("is there twice")
                }
                let isDirectory = records[index].entry.kind == .directory
                var slash = path.count - 1
                while slash >= 0, path[slash] != UInt8(ascii: "/") { slash -= 1 }
                if slash < 0 {
                    directories = isDirectory ? [index] : []
                    continue
                }
                let parent = UnsafeRawBufferPointer(rebasing: path[..<slash])
                while let last = directories.last, !text(records[last].path).isSame(as: parent) {
                    directories.removeLast()
                }
                guard let last = directories.last else { throw malformed("is not in a directory") }
                records[index].parent = last
                if isDirectory { directories.append(index) }
            }
        }
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

/// Whether one path precedes another in a walk: components in byte order.
private func walkPrecedes(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
) -> Bool {
    let limit = min(left.count, right.count)
    var index = 0
    while index < limit, left[index] == right[index] { index += 1 }
    if index == limit { return left.count < right.count }
    func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
    return rank(left[index]) < rank(right[index])
}

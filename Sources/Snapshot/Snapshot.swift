import ByteStream
import Tar

/// A tree as it was recorded.
///
/// - Spec: mtree(5).
public struct Snapshot: Sendable {
    struct Record: Sendable {
        let path: Range<Int>
        /// Index of the directory that it is in; nil for what is in the tree's own.
        var parent: Int?
        let line: Int
        let entry: SnapshotEntry
    }

    /// The tree's own directory; nil when the snapshot does not say.
    public let root: SnapshotEntry?
    /// Names of the digests of contents that files have and that are not compared, since they have
    /// no sha256.
    public let otherDigests: Set<String>
    /// In the order of a walk: a directory before its contents, names in byte order.
    let records: [Record]
    private let paths: [UInt8]
    /// What small files hold, by their paths, where the snapshot says it.
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
        while let line = try lines.next() { try parser.read(line.text, line: line.number) }
        try parser.finish(lines, needsEnd: needsEnd)
        root = parser.root
        otherDigests = parser.otherDigests
        paths = parser.paths
        contents = parser.contents
        records = try Snapshot.ordered(parser.records, paths, input.path)
    }

    func path(of record: Record) -> ArraySlice<UInt8> { paths[record.path] }

    /// The index of the record of a path; nil when there is none.
    func index(of path: some RandomAccessCollection<UInt8>) -> Int? {
        var low = 0
        var high = records.count
        return paths.withUnsafeBytes { paths in
            while low < high {
                let middle = (low + high) / 2
                let other = UnsafeRawBufferPointer(rebasing: paths[records[middle].path])
                if other.elementsEqual(path) { return middle }
                if walkPrecedes(other, path) { low = middle + 1 } else { high = middle }
            }
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
        paths.withUnsafeBytes { paths in
            func text(_ record: Record) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: paths[record.path])
            }
            let isOrdered = zip(records, records.dropFirst())
                .allSatisfy { walkPrecedes(text($0), text($1)) }
            if !isOrdered { records.sort { walkPrecedes(text($0), text($1)) } }
        }
        var directories: [Int] = []
        for index in records.indices {
            let record = records[index]
            let path = paths[record.path]
            func malformed(_ problem: String) -> SnapshotError {
                .malformed(
                    path: source, line: record.line, "\(Path(path).quoted) \(problem)")
            }
            if index > 0, paths[records[index - 1].path] == path {
                throw malformed("is there twice")
            }
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
                directories = record.entry.kind == .directory ? [index] : []
                continue
            }
            let parent = path[..<slash]
            while let last = directories.last, paths[records[last].path] != parent {
                directories.removeLast()
            }
            guard let last = directories.last else { throw malformed("is not in a directory") }
            records[index].parent = last
            if record.entry.kind == .directory { directories.append(index) }
        }
        return records
    }
}

/// Whether a walk finds one path before another: components in byte order.
private func walkPrecedes(
    _ left: UnsafeRawBufferPointer, _ right: some RandomAccessCollection<UInt8>
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

/// The lines of a snapshot, continued ones joined, without comments and empty ones.
final class SnapshotLines {
    /// The most that a line has: attributes of 64 KiB each, in base64.
    static let byteLimit = 4 << 20

    private let input: InputStream
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 << 10, alignment: 16)
    private var available: Range<Int> = 0..<0
    /// Lines read so far.
    private(set) var number = 0

    init(_ input: InputStream) {
        self.input = input
    }

    deinit {
        buffer.deallocate()
    }

    /// - Returns: the text without its newline and the spaces before it, and the number of its last
    ///   line, from 1; nil at the end.
    func next() throws(SnapshotError) -> (text: [UInt8], number: Int)? {
        var text: [UInt8] = []
        while try readLine(into: &text) {
            number += 1
            if isContinued(text) {
                text.removeLast()
                continue
            }
            let content = text.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            if let first = content.first, first != UInt8(ascii: "#") {
                return (Array(content), number)
            }
            text.removeAll(keepingCapacity: true)
        }
        guard text.isEmpty else { throw .cut(path: input.path, line: number + 1) }
        return nil
    }

    /// An odd number of backslashes at the end: an even one stands for backslashes.
    private func isContinued(_ text: [UInt8]) -> Bool {
        text.reversed().prefix { $0 == UInt8(ascii: "\\") }.count % 2 == 1
    }

    /// Appends a line without its newline; false at the end of the input.
    private func readLine(into text: inout [UInt8]) throws(SnapshotError) -> Bool {
        while true {
            if available.isEmpty {
                let count: Int
                do {
                    count = try input.read(into: buffer)
                } catch {
                    throw .stream(error)
                }
                if count == 0 { return false }
                available = 0..<count
            }
            let rest = buffer[available]
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            text += rest[..<(end ?? rest.endIndex)]
            available = (end.map { $0 + 1 } ?? rest.endIndex)..<available.upperBound
            guard text.count <= SnapshotLines.byteLimit else {
                throw .tooLarge(path: input.path, line: number + 1)
            }
            if end != nil { return true }
        }
    }
}

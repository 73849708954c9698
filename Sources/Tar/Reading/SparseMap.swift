/// The parts of a sparse file that have data; the rest are holes, which read as zeros.
///
/// - Spec: GNU tar manual, "Storing Sparse Files": the old GNU format, and pax 0.0, 0.1 and 1.0.
struct SparseMap: Sendable {
    /// The maximum size of a map in the archive.
    static let byteLimit = 1 << 20

    /// The parts with data, in order; none is empty.
    let regions: [Range<UInt64>]
    /// The size of the whole file in bytes.
    let size: UInt64

    /// The number of bytes of data in the archive.
    var dataSize: UInt64 { regions.reduce(0) { $0 + UInt64($1.count) } }

    /// - Parameter numbers: offset and length of each part.
    /// - Returns: nil when parts overlap, are out of order or reach beyond the end.
    init?(_ numbers: [UInt64], size: UInt64) {
        guard numbers.count % 2 == 0, size <= UInt64(Int64.max) else { return nil }
        var regions: [Range<UInt64>] = []
        var end: UInt64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let start = numbers[index]
            let (regionEnd, overflow) = start.addingReportingOverflow(numbers[index + 1])
            guard !overflow, start >= end, regionEnd <= size else { return nil }
            if regionEnd > start { regions.append(start..<regionEnd) }
            end = regionEnd
        }
        self.regions = regions
        self.size = size
    }

    /// The numbers in part of an old GNU map: entries of 24 bytes up to the first empty one.
    ///
    /// - Returns: nil when an entry is malformed.
    static func numbers(_ entries: UnsafeRawBufferPointer) -> [UInt64]? {
        var numbers: [UInt64] = []
        for start in stride(from: 0, to: entries.count - 23, by: 24) {
            if entries[start] == 0 { break }
            for offset in [start, start + 12] {
                let field = entries[offset..<(offset + 12)]
                guard let number = HeaderBlock.number(field).flatMap({ UInt64(exactly: $0) }) else {
                    return nil
                }
                numbers.append(number)
            }
        }
        return numbers
    }
}

/// Records of a pax header about a sparse file.
struct SparseRecords {
    /// The file's name; the entry's own name is for readers that do not support sparse files.
    private(set) var name: [UInt8]?
    private(set) var size: UInt64?
    /// Whether the map is at the beginning of the data (version 1.0).
    private(set) var hasMapInData = false
    /// Offsets and lengths in versions 0.0 and 0.1.
    private(set) var numbers: [UInt64] = []

    /// - Returns: nil when the file is not sparse.
    /// - Throws: `SparseError` for an unknown version or a malformed number.
    init?(_ records: [(key: [UInt8], value: [UInt8])]) throws(SparseError) {
        let prefix = Array("GNU.sparse.".utf8)
        guard records.contains(where: { $0.key.starts(with: prefix) }) else { return nil }
        var version: (major: UInt64?, minor: UInt64?) = (nil, nil)
        var blockCount: UInt64?
        var realSize: UInt64?
        for record in records where record.key.starts(with: prefix) {
            let value = record.value
            switch String(decoding: record.key.dropFirst(prefix.count), as: UTF8.self) {
            case "major": version.major = try SparseRecords.number(value)
            case "minor": version.minor = try SparseRecords.number(value)
            case "name": name = value
            case "size": size = try SparseRecords.number(value)
            case "realsize": realSize = try SparseRecords.number(value)
            case "numblocks": blockCount = try SparseRecords.number(value)
            case "offset":
                guard numbers.count % 2 == 0 else { throw SparseError() }
                numbers.append(try SparseRecords.number(value))
            case "numbytes":
                guard numbers.count % 2 == 1 else { throw SparseError() }
                numbers.append(try SparseRecords.number(value))
            case "map":
                numbers = []
                if value.isEmpty { continue }
                let comma = UInt8(ascii: ",")
                for part in value.split(separator: comma, omittingEmptySubsequences: false) {
                    numbers.append(try SparseRecords.number(Array(part)))
                }
            default: break
            }
        }
        switch (version.major, version.minor) {
        case (nil, nil), (0, 0), (0, 1):
            guard numbers.count % 2 == 0, UInt64(numbers.count / 2) == blockCount else {
                throw SparseError()
            }
        case (1, 0): hasMapInData = true
        default: throw SparseError()
        }
        if size == nil { size = realSize }
        guard size != nil else { throw SparseError() }
    }

    private static func number(_ text: [UInt8]) throws(SparseError) -> UInt64 {
        guard !text.isEmpty, let number = PaxRecords.number(text) else { throw SparseError() }
        return number
    }
}

/// A sparse file with a malformed map.
struct SparseError: Error {}

/// Reads the map at the beginning of the data in version 1.0: decimal numbers, one to a line; the
/// first is the number of pairs.
struct SparseMapText {
    private var digits: [UInt8] = []
    private var numbers: [UInt64] = []

    /// The numbers without the first; nil before the map is complete.
    var result: [UInt64]? {
        guard let count = numbers.first, UInt64(numbers.count - 1) / 2 == count else { return nil }
        return numbers.count % 2 == 1 ? Array(numbers.dropFirst()) : nil
    }

    /// Reads one block. Bytes after the last number are ignored.
    mutating func read(_ block: UnsafeRawBufferPointer) throws(SparseError) {
        for byte in block {
            if result != nil { return }
            if byte != UInt8(ascii: "\n") {
                // Leading zeros do not count as digits.
                if digits == [UInt8(ascii: "0")] { digits = [] }
                digits.append(byte)
                continue
            }
            guard !digits.isEmpty, let number = PaxRecords.number(digits) else {
                throw SparseError()
            }
            digits.removeAll(keepingCapacity: true)
            guard !numbers.isEmpty || number <= UInt64(SparseMap.byteLimit) else {
                throw SparseError()
            }
            numbers.append(number)
        }
        guard digits.count < tarBlockByteCount else { throw SparseError() }
    }
}

import ByteStream

@testable import Snapshot

@Sendable func checkSnapshot(_ input: [UInt8]) throws {
    let name = Array(input.prefix(64))
    var encoded: [UInt8] = []
    VisText.append(name, to: &encoded)
    try expect(VisText.decode(encoded[...]) == name, "a name that is written: \(encoded)")
    try expect(encoded.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "what would end a word: \(encoded)")

    let read = try outcome { try pathRecords(of: input) }
    guard let records = read.value else { return }
    var lines = "#mtree\n".utf8 + OwnKeywords.header + ". type=dir\n..\n".utf8
    for record in records {
        lines += "./".utf8
        VisText.append(record.path, to: &lines)
        record.entry.append(to: &lines)
        lines.append(UInt8(ascii: "\n"))
        record.entry.appendAttributes(to: &lines)
    }
    let again = try outcome { try pathRecords(of: lines) }
    try expect(again.value == records, "written and read: \(again), was \(records)")
}

private struct PathRecord: Equatable {
    let path: [UInt8]
    let entry: SnapshotEntry
}

private func pathRecords(of bytes: [UInt8]) throws -> [PathRecord] {
    let snapshot = try withFile(of: bytes) { try Snapshot($0) }
    return try snapshot.records.enumerated().map { index, record in
        let path = Array(snapshot.path(of: record))
        try expect(snapshot.index(of: path) == index, "a path that is not found: \(path)")
        try expect(!path.isEmpty && !path.contains(0), "a path: \(path)")
        return PathRecord(path: path, entry: record.entry)
    }
}

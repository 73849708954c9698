import ByteStream
import Glibc

/// Attributes to set on a directory after everything is unpacked.
struct DirectoryRecord {
    /// The path without links, which may lead elsewhere later in the same layer.
    let path: [UInt8]
    var modificationTime: timespec
    /// The mode, when it was changed to make the directory accessible.
    var mode: UInt32?
    /// The owner, when this user could not work in the directory with that owner.
    var owner: (uid: UInt32, gid: UInt32)?
}

/// The changed directories whose times must still be set, a bounded number.
struct DirectoryRecords {
    /// The approximate memory limit of all records.
    private static let byteLimit = 16 << 20

    private var records: [FileIdentity: DirectoryRecord] = [:]
    private var byteCount = 0

    /// Whether the recorded directories should be finished.
    var isFull: Bool { byteCount > DirectoryRecords.byteLimit }

    subscript(identity: FileIdentity) -> DirectoryRecord? {
        get { records[identity] }
        set {
            byteCount += DirectoryRecords.cost(newValue) - DirectoryRecords.cost(records[identity])
            records[identity] = newValue
        }
    }

    /// Removes and returns all records, the innermost first.
    mutating func removeAll() -> [(identity: FileIdentity, record: DirectoryRecord)] {
        let all = records.sorted { $1.value.path.lexicographicallyPrecedes($0.value.path) }
        records.removeAll()
        byteCount = 0
        return all.map { ($0.key, $0.value) }
    }

    private static func cost(_ record: DirectoryRecord?) -> Int {
        record.map { 160 + $0.path.count } ?? 0
    }
}

import ByteStream
import Glibc

/// Attributes that a directory gets after everything is unpacked.
struct DirectoryRecord {
    /// The path where it was first seen or made.
    let path: [UInt8]
    var modificationTime: timespec
    /// When it had to be opened up to work in it.
    var mode: UInt32?
    /// When this user could not work in it once it is another's.
    var owner: (uid: UInt32, gid: UInt32)?
}

/// The directories that were touched and must yet be given their times, a bounded number of them.
struct DirectoryRecords {
    /// About how much memory all of them may take.
    private static let byteLimit = 16 << 20

    private var records: [FileIdentity: DirectoryRecord] = [:]
    private var byteCount = 0

    /// Whether it is time to finish those that are there.
    var isFull: Bool { byteCount > DirectoryRecords.byteLimit }

    subscript(identity: FileIdentity) -> DirectoryRecord? {
        get { records[identity] }
        set {
            byteCount += DirectoryRecords.cost(newValue) - DirectoryRecords.cost(records[identity])
            records[identity] = newValue
        }
    }

    /// All of them, those inside others first; none is left.
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

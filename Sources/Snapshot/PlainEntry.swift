import Glibc
import OCI

/// Reads entries as `oci-snapshot` writes those of plain files: these words in this order and no
/// others. It is what nearly all of a snapshot is, at a fraction of what any order costs.
struct PlainEntry {
    private let text: UnsafeRawBufferPointer
    private var offset = 0

    private init(_ text: UnsafeRawBufferPointer) {
        self.text = text
    }

    /// - Parameter text: what follows the name in a line.
    /// - Returns: nil for anything else, which need not be wrong.
    static func file(_ text: UnsafeRawBufferPointer) -> SnapshotEntry? {
        var words = PlainEntry(text)
        guard words.take(" type=file mode="), let mode = words.number(radix: 8),
            mode <= UInt64(UInt32.max), words.take(" uid="), let uid = words.number(),
            words.take(" gid="), let gid = words.number(),
            words.take(" nlink="), let linkCount = words.number(),
            words.take(" size="), let size = words.number(),
            words.take(" time="), let time = words.time(), words.take(" sha256digest="),
            let content = ContentDigest(hexadecimal: words.rest)
        else { return nil }
        var entry = SnapshotEntry(kind: .file)
        entry.mode = UInt32(mode)
        entry.uid = uid
        entry.gid = gid
        entry.linkCount = linkCount
        entry.size = size
        entry.time = time
        entry.content = content
        return entry
    }

    /// The inode, and the change time if there is one, that a comment of ours says.
    ///
    /// - Parameter text: what follows its first word.
    static func identity(
        _ text: UnsafeRawBufferPointer
    ) -> (inode: UInt64, changeTime: SnapshotEntry.Time?)? {
        var words = PlainEntry(text)
        guard words.take(" inode="), let inode = words.number() else { return nil }
        if words.offset == text.count { return (inode, nil) }
        guard words.take(" ctime="), let time = words.time(), words.offset == text.count else {
            return nil
        }
        return (inode, time)
    }

    private var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[offset...]) }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - offset >= count, let start = text.baseAddress,
            memcmp(start + offset, word.utf8Start, count) == 0
        else { return false }
        offset += count
        return true
    }

    /// A number of so many digits that it has room.
    private mutating func number(radix: UInt64 = 10) -> UInt64? {
        let start = offset
        var value: UInt64 = 0
        while offset < text.count, offset - start < 19 {
            let digit = UInt64(text[offset] &- UInt8(ascii: "0"))
            if digit >= radix { break }
            value = value &* radix &+ digit
            offset += 1
        }
        let isWhole = offset == text.count || text[offset] &- UInt8(ascii: "0") > 9
        return offset > start && isWhole ? value : nil
    }

    /// Not before 1970, and with all nine digits of its nanoseconds.
    private mutating func time() -> SnapshotEntry.Time? {
        guard let seconds = number(), let seconds = Int64(exactly: seconds), take(".") else {
            return nil
        }
        let start = offset
        guard let nanoseconds = number(), offset - start == 9 else { return nil }
        return SnapshotEntry.Time(seconds: seconds, nanoseconds: UInt32(nanoseconds))
    }
}

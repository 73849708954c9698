import Glibc
import OCI

/// Parses entries of plain files exactly as `oci-snapshot` writes them, with fixed words in a fixed
/// order. Nearly all of a snapshot has this form, and it is parsed in a fraction of the time.
struct PlainEntry {
    private let text: UnsafeRawBufferPointer
    private var offset = 0

    private init(_ text: UnsafeRawBufferPointer) {
        self.text = text
    }

    /// - Parameter text: the line after the name.
    /// - Returns: nil for another form, which may still be valid.
    static func file(_ text: UnsafeRawBufferPointer) -> SnapshotEntry? {
        var words = PlainEntry(text)
        guard words.consume(" type=file mode="), let mode = words.number(radix: 8),
            mode <= UInt64(UInt32.max), words.consume(" uid="), let uid = words.number(),
            words.consume(" gid="), let gid = words.number(),
            words.consume(" nlink="), let linkCount = words.number(),
            words.consume(" size="), let size = words.number(),
            words.consume(" time="), let time = words.time(), words.consume(" sha256digest="),
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

    /// The inode, and the change time if there is one, of one of our comments.
    ///
    /// - Parameter text: the line after its first word.
    static func identity(
        _ text: UnsafeRawBufferPointer
    ) -> (inode: UInt64, changeTime: SnapshotEntry.Time?)? {
        var words = PlainEntry(text)
        guard words.consume(" inode="), let inode = words.number() else { return nil }
        if words.offset == text.count { return (inode, nil) }
        guard words.consume(" ctime="), let time = words.time(), words.offset == text.count else {
            return nil
        }
        return (inode, time)
    }

    private var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[offset...]) }

    private mutating func consume(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - offset >= count, let start = text.baseAddress,
            memcmp(start + offset, word.utf8Start, count) == 0
        else { return false }
        offset += count
        return true
    }

    /// A number that fits into 64 bits.
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

    /// A time from 1970 on, with nine digits of nanoseconds.
    private mutating func time() -> SnapshotEntry.Time? {
        guard let seconds = number(), let seconds = Int64(exactly: seconds), consume(".") else {
            return nil
        }
        let start = offset
        guard let nanoseconds = number(), offset - start == 9 else { return nil }
        return SnapshotEntry.Time(seconds: seconds, nanoseconds: UInt32(nanoseconds))
    }
}

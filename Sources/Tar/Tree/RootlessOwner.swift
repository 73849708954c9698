/// The attribute in which unprivileged tools record an owner.
///
/// - Spec: rootlesscontainers, `user.rootlesscontainers`: a protobuf message `Resource` of `uid` (1)
///   and `gid` (2).
enum RootlessOwner {
    static let attribute = Array("user.rootlesscontainers".utf8)

    /// - Returns: nil for files of root, which have no such attribute.
    static func encode(uid: UInt32, gid: UInt32) -> [UInt8]? {
        if uid == 0 && gid == 0 { return nil }
        return field(1, uid) + field(2, gid)
    }

    /// - Returns: nil for a malformed message.
    static func decode(_ bytes: [UInt8]) -> (uid: UInt32, gid: UInt32)? {
        var owner: (uid: UInt32, gid: UInt32) = (0, 0)
        var rest = bytes[...]
        while let tag = rest.popFirst() {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            var byte: UInt8
            repeat {
                guard shift < 35, let next = rest.popFirst() else { return nil }
                byte = next
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
            } while byte & 0x80 != 0
            guard let id = UInt32(exactly: value), id != .max else { return nil }
            switch tag {
            case 1 << 3: owner.uid = id
            case 2 << 3: owner.gid = id
            default: return nil
            }
        }
        return owner
    }

    /// A field of varint type; zero is left out.
    private static func field(_ number: UInt8, _ value: UInt32) -> [UInt8] {
        if value == 0 { return [] }
        var bytes = [number << 3]
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }
}

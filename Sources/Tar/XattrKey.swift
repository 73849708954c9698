/// The names of extended attributes as keys of pax records, which end at the first `=`.
///
/// As in GNU tar, `=` is written `%3D`, and `%` is written `%25` where it would look like one of
/// these escapes. Other names are unchanged.
package enum XattrKey {
    static let prefix = Array("SCHILY.xattr.".utf8)

    private static let percent = UInt8(ascii: "%")
    private static let equals = Array("3D".utf8)
    private static let percentDigits = Array("25".utf8)

    /// The key of a name.
    static func encode(_ name: [UInt8]) -> [UInt8] {
        guard name.contains(UInt8(ascii: "=")) || name.contains(percent) else {
            return prefix + name
        }
        var key = prefix
        var rest = name[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "=") {
                key += [percent] + equals
            } else if byte == percent, rest.starts(with: equals) || rest.starts(with: percentDigits)
            {
                key += [percent] + percentDigits
            } else {
                key.append(byte)
            }
        }
        return key
    }

    /// The name of a key.
    ///
    /// - Returns: nil when the key is not that of an attribute.
    static func decode(_ key: [UInt8]) -> [UInt8]? {
        guard key.starts(with: prefix) else { return nil }
        var rest = key.dropFirst(prefix.count)
        guard rest.contains(percent) else { return Array(rest) }
        var name: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == percent, rest.starts(with: equals) {
                name.append(UInt8(ascii: "="))
                rest = rest.dropFirst(2)
            } else if byte == percent, rest.starts(with: percentDigits) {
                name.append(percent)
                rest = rest.dropFirst(2)
            } else {
                name.append(byte)
            }
        }
        return name
    }

    /// The name of an attribute whose key is known without its prefix.
    ///
    /// - Returns: nil when no attribute can have that name.
    package static func name(ofRecord key: [UInt8]) -> [UInt8]? {
        decode(prefix + key).flatMap { isPossible($0) ? $0 : nil }
    }

    /// Whether Linux can have an attribute of this name: 1 to 255 bytes, none of them zero.
    static func isPossible(_ name: [UInt8]) -> Bool {
        (1...255).contains(name.count) && !name.contains(0)
    }
}

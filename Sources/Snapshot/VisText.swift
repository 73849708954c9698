/// Names and link targets in mtree(5): one word of printable ASCII.
///
/// - Spec: vis(3) with `VIS_WHITE | VIS_OCTAL | VIS_GLOB`; unvis(3).
public enum VisText {
    @usableFromInline static let backslash = UInt8(ascii: "\\")

    /// Appends a name, or a path whose slashes stay.
    ///
    /// - Parameter other: an additional byte to escape.
    @inlinable
    public static func append(
        _ bytes: some Sequence<UInt8>, to text: inout [UInt8], escaping other: UInt8 = 0
    ) {
        for byte in bytes {
            switch byte {
            case backslash: text += [backslash, backslash]
            case other, UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "#"),
                0...0x20, 0x7F...0xFF:
                let zero = UInt8(ascii: "0")
                text += [backslash, zero + byte >> 6, zero + byte >> 3 & 7, zero + byte & 7]
            default: text.append(byte)
            }
        }
    }

    /// Encodes a name or path.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return text
    }

    /// - Returns: nil for an escape that unvis(3) does not support.
    static func decode(_ text: some RandomAccessCollection<UInt8>) -> [UInt8]? {
        guard text.contains(backslash) else { return Array(text) }
        var bytes: [UInt8] = []
        var rest = ArraySlice(text)
        while let byte = rest.popFirst() {
            if byte != backslash {
                bytes.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case backslash: bytes.append(backslash)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var value = Int(escape - UInt8(ascii: "0"))
                for _ in 0..<2 {
                    guard let digit = rest.first, (0x30...0x37).contains(digit) else { break }
                    value = value << 3 | Int(digit - UInt8(ascii: "0"))
                    rest = rest.dropFirst()
                }
                guard value < 256 else { return nil }
                bytes.append(UInt8(value))
            case UInt8(ascii: "^"):
                guard let byte = control(rest.popFirst()) else { return nil }
                bytes.append(byte)
            case UInt8(ascii: "M"):
                guard let byte = meta(&rest) else { return nil }
                bytes.append(byte)
            default:
                guard let byte = cStyle[escape] else { return nil }
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static let cStyle: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "t"): 0x09,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "s"): 0x20, UInt8(ascii: "E"): 0x1B,
    ]

    /// `^?` and `^A`.
    private static func control(_ character: UInt8?) -> UInt8? {
        character.map { $0 == UInt8(ascii: "?") ? 0x7F : $0 & 0x1F }
    }

    /// `M-a` and `M^A`, after the `M`.
    private static func meta(_ rest: inout ArraySlice<UInt8>) -> UInt8? {
        switch rest.popFirst() {
        case UInt8(ascii: "-"): rest.popFirst().map { $0 | 0x80 }
        case UInt8(ascii: "^"): control(rest.popFirst()).map { $0 | 0x80 }
        default: nil
        }
    }
}

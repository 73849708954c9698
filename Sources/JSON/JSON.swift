/// A JSON value that keeps its source form.
///
/// The order of keys, the text of numbers and the escapes of strings are kept, so that values that
/// are not edited are written unchanged. White space between tokens is not kept: the output is
/// compact.
///
/// - Spec: RFC 8259; duplicate keys are refused, because parsers disagree on them.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(JSONString)
    case array([JSON])
    case object(JSONObject)

    public static func string(_ text: String) -> JSON { .string(JSONString(text)) }
    public static func integer(_ value: some BinaryInteger) -> JSON { .number(JSONNumber(value)) }

    /// The kind of value, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value as compact text in UTF-8, without a newline.
    public func serialized() -> [UInt8] {
        var bytes: [UInt8] = []
        serialize(into: &bytes)
        return bytes
    }

    /// Appends the value as compact JSON, on one line.
    public func serialize(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let number): bytes += number.text
        case .string(let string): string.serialize(into: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.serialize(into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object): object.serialize(into: &bytes)
        }
    }
}

/// A number as it was written.
public struct JSONNumber: Hashable, Sendable {
    public let text: [UInt8]

    init(text: [UInt8]) {
        self.text = text
    }

    public init(_ value: some BinaryInteger) {
        text = Array(String(value).utf8)
    }

    /// The sum of an integer and of billionths, as a decimal number without trailing zeros.
    ///
    /// - Parameter billionths: less than 1,000,000,000.
    public init(_ value: Int64, billionths: UInt32) {
        guard billionths > 0 else {
            self.init(value)
            return
        }
        let isNegative = value < 0
        let whole = isNegative ? (value + 1).magnitude : value.magnitude
        var digits = Array(String(isNegative ? 1_000_000_000 - billionths : billionths).utf8)
        digits = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 9 - digits.count)) + digits
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        self.init(text: (isNegative ? Array("-".utf8) : []) + "\(whole).".utf8 + digits)
    }

    /// The value of a number that is written as a 64-bit integer; nil for `1.0`, `1e3` and 2^63.
    public var int64: Int64? {
        // As in RFC 8259, "-0" is an integer.
        Int64(String(decoding: text, as: UTF8.self))
    }
}

/// A string in its source form, compared by its decoded bytes.
public struct JSONString: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The text between the quotes, with escapes.
    let escaped: [UInt8]
    /// The decoded bytes.
    public let utf8: [UInt8]

    init(escaped: [UInt8], utf8: [UInt8]) {
        self.escaped = escaped
        self.utf8 = utf8
    }

    public init(_ text: String) {
        self.init(utf8: Array(text.utf8))
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// - Parameter utf8: valid UTF-8; invalid bytes become U+FFFD.
    public init(utf8 bytes: [UInt8]) {
        let utf8 = Array(String(decoding: bytes, as: UTF8.self).utf8)
        var escaped: [UInt8] = []
        escaped.reserveCapacity(utf8.count)
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): escaped += [UInt8(ascii: "\\"), byte]
            case 0x08: escaped += "\\b".utf8
            case 0x09: escaped += "\\t".utf8
            case 0x0A: escaped += "\\n".utf8
            case 0x0C: escaped += "\\f".utf8
            case 0x0D: escaped += "\\r".utf8
            case 0..<0x20:
                escaped += "\\u00".utf8
                escaped.append(hexadecimal[Int(byte >> 4)])
                escaped.append(hexadecimal[Int(byte & 15)])
            default: escaped.append(byte)
            }
        }
        self.init(escaped: escaped, utf8: utf8)
    }

    public var text: String { String(decoding: utf8, as: UTF8.self) }

    func serialize(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        bytes += escaped
        bytes.append(UInt8(ascii: "\""))
    }

    public static func == (left: JSONString, right: JSONString) -> Bool { left.utf8 == right.utf8 }

    public func hash(into hasher: inout Hasher) { hasher.combine(utf8) }
}

private let hexadecimal = Array("0123456789abcdef".utf8)

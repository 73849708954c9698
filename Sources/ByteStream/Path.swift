/// A path as in the kernel: bytes in any encoding, without a zero byte.
public struct Path: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public var bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    public static let standardInput: Path = "standard input"
    public static let standardOutput: Path = "standard output"

    public var isEmpty: Bool { bytes.isEmpty }

    /// The path as text, with U+FFFD for bytes that are not UTF-8; for messages only.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The path in single quotes, control characters and non-UTF-8 bytes as `\ooo`; for messages.
    public var quoted: String { quote(bytes) }

    /// Whether the last bytes are those of a text.
    public func hasSuffix(_ suffix: String) -> Bool {
        bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// The last component; the whole path when it has no slash.
    public var name: Path {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
        return Path(bytes[(slash + 1)...])
    }

    /// The path of the last component's directory; `.` when the path is only a name.
    public var directory: Path {
        let slash = UInt8(ascii: "/")
        func withoutTrailingSlashes(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            bytes[..<(bytes.lastIndex { $0 != slash }.map { $0 + 1 } ?? bytes.startIndex)]
        }
        guard let end = withoutTrailingSlashes(bytes[...]).lastIndex(of: slash) else {
            return bytes.first == slash ? "/" : "."
        }
        let parent = withoutTrailingSlashes(bytes[..<end])
        return parent.isEmpty ? "/" : Path(parent)
    }

    /// `self/name`, without a second slash.
    public func appending(_ name: Path) -> Path {
        if bytes.isEmpty { return name }
        if bytes.last == UInt8(ascii: "/") { return Path(bytes + name.bytes) }
        return Path(bytes + [UInt8(ascii: "/")] + name.bytes)
    }

    /// Calls `body` with the path as a C string.
    @inlinable
    public func withCString<Result, E: Error>(
        _ body: (UnsafePointer<CChar>) throws(E) -> Result
    ) throws(E) -> Result {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        defer { copy.deallocate() }
        for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[bytes.count] = 0
        return try body(copy)
    }
}

/// Paths are ordered by their bytes.
extension Path: Comparable {
    public static func < (left: Path, right: Path) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// Text of unknown origin in single quotes, so that a message stays on one line and has no effect
/// on a terminal.
///
/// Valid UTF-8 stays; control characters, `'`, `\` and bytes that are not UTF-8 become escapes.
public func quote(_ bytes: some Sequence<UInt8>) -> String {
    "'\(escaped(bytes, also: ["'", "\\"]))'"
}

public func quote(_ text: String) -> String { quote(text.utf8) }

/// Texts in single quotes with commas between them: the first 20, and the number of the others.
public func quoteList(_ texts: [String]) -> String {
    let shown = texts.prefix(20).map { quote($0) }.joined(separator: ", ")
    return texts.count > 20 ? shown + " and \(texts.count - 20) more" : shown
}

/// As `quote`, but without the quotes, for a column or line of output. `'` stays.
public func escaped(_ bytes: some Sequence<UInt8>) -> String { escaped(bytes, also: ["\\"]) }

public func escaped(_ text: String) -> String { escaped(text.utf8) }

/// - Parameter special: characters to escape with `\`.
private func escaped(
    _ bytes: some Sequence<UInt8>, also special: [Unicode.Scalar]
) -> String {
    var result = ""
    var decoder = UTF8()
    var iterator = Array(bytes)[...]
    while !iterator.isEmpty {
        var rest = iterator.makeIterator()
        let scalar: Unicode.Scalar
        decoder = UTF8()
        switch decoder.decode(&rest) {
        case .scalarValue(let value):
            scalar = value
        case .error, .emptyInput:
            result += octal(iterator.removeFirst())
            continue
        }
        let width = UTF8.width(scalar)
        switch scalar {
        case _ where special.contains(scalar):
            result += "\\"
            result.unicodeScalars.append(scalar)
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += iterator.prefix(width).map(octal).joined()
            default: result.unicodeScalars.append(scalar)
            }
        }
        iterator.removeFirst(width)
    }
    return result
}

private func octal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 8)
    return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
}

extension [UInt8] {
    /// `withUnsafeBytes` with typed throws.
    @inlinable
    public func withRawBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(E) in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }
}

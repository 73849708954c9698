import JSON

/// Reads the grammar of header values byte by byte, never past the end.
///
/// - Spec: RFC 9110, section 5.6.
struct HeaderScanner {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { offset >= bytes.count }

    var next: UInt8? { isAtEnd ? nil : bytes[offset] }

    var position: Int {
        get { offset }
        set { offset = newValue }
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 { offset += 1 }
    }

    /// Skips spaces and commas: empty elements of a list are ignored.
    mutating func skipListSeparators() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",") {
            offset += 1
        }
    }

    /// Skips `byte`; false when another byte is next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func text(while condition: (UInt8) -> Bool) -> String {
        let start = offset
        while let byte = next, condition(byte) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// Reads a token; empty without one.
    mutating func token() -> String { text(while: isTokenByte) }

    /// The text before any of `stops`.
    mutating func text(before stops: StaticString) -> String {
        let stops = stops.withUTF8Buffer { Array($0) }
        return text { !stops.contains($0) }
    }

    mutating func token68() -> String {
        let text = text { isTokenByte($0) && $0 != UInt8(ascii: "'") || $0 == UInt8(ascii: "/") }
        return text + self.text { $0 == UInt8(ascii: "=") }
    }

    /// A quoted string without quotes and escapes; an unclosed one extends to the end.
    mutating func quotedString() -> String? {
        guard skip(UInt8(ascii: "\"")) else { return nil }
        var value: [UInt8] = []
        while let byte = next {
            offset += 1
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\"), let escaped = next {
                offset += 1
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// `name=value` or `name="value"`, with spaces around; nil, with nothing read, for anything else.
    mutating func parameter() -> (name: String, value: String)? {
        let start = offset
        let name = token()
        skipSpace()
        guard !name.isEmpty, skip(UInt8(ascii: "=")) else {
            offset = start
            return nil
        }
        skipSpace()
        // Unquoted values should be tokens; registries put URLs there.
        let value = quotedString() ?? text(before: ", \t;")
        skipSpace()
        return (name.lowercased(), value)
    }

    /// `<target>; rel="next"`, one element of a list; nil for anything else.
    ///
    /// - Spec: RFC 8288, section 3: of duplicate parameters, the first counts.
    mutating func link() -> (target: String, parameters: [String: String])? {
        skipListSeparators()
        guard skip(UInt8(ascii: "<")) else { return nil }
        let target = text(before: ">")
        guard skip(UInt8(ascii: ">")) else { return nil }
        var parameters: [String: String] = [:]
        skipSpace()
        while skip(UInt8(ascii: ";")) {
            skipSpace()
            if let parameter = parameter() {
                if parameters[parameter.name] == nil {
                    parameters[parameter.name] = parameter.value
                }
            } else {
                // A parameter without a value, or none before the next semicolon.
                _ = text(before: ";, \t")
            }
            skipSpace()
        }
        return isAtEnd || next == UInt8(ascii: ",") ? (target, parameters) : nil
    }

    /// `299 - "text" "date"`, one element of a list.
    mutating func warning() -> (code: String, text: String)? {
        skipListSeparators()
        let code = text(before: " \t,")
        skipSpace()
        _ = text(before: " \t,\"")
        skipSpace()
        guard let text = quotedString() else { return nil }
        skipSpace()
        _ = quotedString()
        return (code, text)
    }
}

private func isTokenByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(byte)
}

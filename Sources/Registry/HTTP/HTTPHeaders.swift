/// Header fields in their order; names are compared without case.
///
/// - Spec: RFC 9110, section 5.
struct HTTPHeaders: Sendable, Hashable {
    struct Field: Sendable, Hashable {
        let name: String
        let value: String
    }

    private(set) var fields: [Field] = []

    /// The maximum number of bytes of all heads of a response, including interim ones and trailers.
    static let byteLimit = 256 << 10

    init() {}

    init(_ fields: [(String, String)]) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of `name`.
    subscript(name: String) -> String? {
        fields.first { equalsIgnoringCase($0.name, name) }?.value
    }

    func all(_ name: String) -> [String] {
        fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
    }

    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Adds a header line without its line end. A line that is not a header field is ignored.
    mutating func add(line: some Sequence<UInt8>) {
        let bytes = Array(line)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
        let value = bytes[(colon + 1)...].trimmingWhiteSpace()
        add(
            String(decoding: bytes[..<colon], as: UTF8.self),
            String(decoding: value, as: UTF8.self))
    }
}

/// ASCII letters only, as HTTP compares names.
func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension ArraySlice<UInt8> {
    /// The bytes without spaces, tabs and line ends at both ends.
    func trimmingWhiteSpace() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return [] }
        return self[first...last]
    }
}

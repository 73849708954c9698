/// The records of a pax extended header.
///
/// - Spec: POSIX.1-2017, pax, "pax Extended Header".
enum PaxRecords {
    /// The maximum size of an extended header, which has names and attributes, not data.
    static let byteLimit = 1 << 20

    /// The message for a larger header.
    static let tooLarge = "an extended header of more than \(byteLimit) bytes"

    /// Parses decimal digits; nil for a number that is larger than a file offset.
    static func number(_ text: [UInt8]) -> UInt64? {
        guard text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(String(decoding: text, as: UTF8.self)).map { UInt64($0) }
    }

    /// - Returns: keys and values in order; nil when the text is malformed.
    static func parse(_ bytes: [UInt8]) -> [(key: [UInt8], value: [UInt8])]? {
        var records: [(key: [UInt8], value: [UInt8])] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                space - rest.startIndex < 20, space > rest.startIndex,
                rest[..<space].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
                length <= rest.count, length > space - rest.startIndex + 2
            else { return nil }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            guard record.last == UInt8(ascii: "\n"),
                let equals = record.firstIndex(of: UInt8(ascii: "=")), equals > record.startIndex
            else { return nil }
            records.append(
                (Array(record[..<equals]), Array(record[(equals + 1)..<(record.endIndex - 1)])))
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }

    /// Parses a decimal number with an optional fraction, truncated to nanoseconds.
    ///
    /// - Returns: the seconds, rounded towards minus infinity, and the nanoseconds.
    static func time(_ text: [UInt8]) -> (seconds: Int64, nanoseconds: UInt32)? {
        let string = String(decoding: text, as: UTF8.self)
        let parts = string.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        // Digits may be missing before the point or after it, as in `.5` and `5.`, not both.
        let isFraction = parts.count == 2 && !parts[1].isEmpty
        let hasNoDigits = isFraction && (first.isEmpty || first == "-" || first == "+")
        guard let whole = hasNoDigits ? 0 : Int64(first) else { return nil }
        guard isFraction else { return (whole, 0) }
        guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let digits = parts[1].prefix(9)
        guard let value = UInt32(digits + String(repeating: "0", count: 9 - digits.count)) else {
            return nil
        }
        guard string.hasPrefix("-"), value > 0 else { return (whole, value) }
        let (below, overflow) = whole.subtractingReportingOverflow(1)
        return overflow ? nil : (below, 1_000_000_000 - value)
    }
}

/// Values as BuildKit writes them into an image's history: as the language Go prints them.
enum GoText {
    /// `["a" "b"]`
    static func list(_ words: [String]) -> String {
        "[" + words.map(quoted).joined(separator: " ") + "]"
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    result += "\\x" + padded(scalar.value, 2)
                } else if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else if scalar.value < 0x10000 {
                    result += "\\u" + padded(scalar.value, 4)
                } else {
                    result += "\\U" + padded(scalar.value, 8)
                }
            }
        }
        return result + "\""
    }

    private static func padded(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// `1h2m3.5s`, `500ms`, `0s`.
    static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let magnitude = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        switch magnitude {
        case ..<1000: return sign + "\(magnitude)ns"
        case ..<1_000_000: return sign + decimal(magnitude, unit: 1000) + "µs"
        case ..<1_000_000_000: return sign + decimal(magnitude, unit: 1_000_000) + "ms"
        default: break
        }
        let minutes = magnitude / 60_000_000_000
        let seconds = decimal(magnitude % 60_000_000_000, unit: 1_000_000_000) + "s"
        if minutes == 0 { return sign + seconds }
        let hours = minutes / 60
        return sign + (hours > 0 ? "\(hours)h" : "") + "\(minutes % 60)m" + seconds
    }

    private static func decimal(_ value: UInt64, unit: UInt64) -> String {
        var fraction = String(value % unit + unit).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(value / unit)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// Reads `1h2m3.5s`: numbers with the units h, m, s, ms, us, µs and ns.
    ///
    /// - Returns: nanoseconds; nil for anything else, and for more than fits.
    static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Array(text.unicodeScalars)[...]
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        if rest.isEmpty { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = String(rest.prefix { !("0"..."9").contains($0) && $0 != "." })
            rest = rest.dropFirst(unit.unicodeScalars.count)
            let parts = number.split(separator: ".", omittingEmptySubsequences: false)
            guard let scale = units[unit], parts.count <= 2, number.contains(where: { $0 != "." }),
                let whole = parts[0].isEmpty ? 0 : Int64(String(parts[0]))
            else { return nil }
            var (value, overflows) = whole.multipliedReportingOverflow(by: scale)
            if overflows { return nil }
            if parts.count == 2 {
                var place = scale
                for digit in parts[1].prefix(18) {
                    place /= 10
                    value += place * Int64(digit.value - 0x30)
                }
            }
            (total, overflows) = total.addingReportingOverflow(value)
            if overflows { return nil }
        }
        return isNegative ? -total : total
    }

    private static let units: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]
}

/// Durations in the syntax of Go: `30s`, `1h15m30.5s`, `-300ms`.
///
/// - Spec: Go, time, ParseDuration and Duration.String.
public enum GoDuration {
    private static let units: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    /// - Returns: nil for other text, and for more than 64 bits.
    public static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Array(text.unicodeScalars)[...]
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        if rest.isEmpty { return nil }
        var sum: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { isDigit($0) || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = String(String.UnicodeScalarView(rest.prefix { !isDigit($0) && $0 != "." }))
            rest = rest.dropFirst(unit.unicodeScalars.count)
            guard let scale = units[unit], let part = nanoseconds(number, scale) else { return nil }
            let (total, overflow) = sum.addingReportingOverflow(part)
            if overflow { return nil }
            sum = total
        }
        return isNegative ? -sum : sum
    }

    /// - Parameter number: digits with at most one point.
    private static func nanoseconds(
        _ number: ArraySlice<Unicode.Scalar>, _ scale: Int64
    ) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, number.contains(where: isDigit),
            let whole = parts[0].isEmpty ? 0 : Int64(String(String.UnicodeScalarView(parts[0])))
        else { return nil }
        var fraction: Int64 = 0
        var place = scale
        for digit in parts.dropFirst().joined() {
            place /= 10
            fraction += place * Int64(digit.value - 0x30)
        }
        let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
        let (sum, carry) = product.addingReportingOverflow(fraction)
        return overflow || carry ? nil : sum
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// `1h2m3.5s`, `500ms`, `0s`.
    public static func text(_ nanoseconds: Int64) -> String {
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
}

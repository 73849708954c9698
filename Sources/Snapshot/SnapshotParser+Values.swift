import ByteStream
import JSON

/// The values of keywords.
extension SnapshotParser {
    func kind(_ text: UnsafeRawBufferPointer) throws(SnapshotError) -> SnapshotEntry.Kind {
        let name = String(decoding: text, as: UTF8.self)
        // A layer cannot have a socket; it is treated like a FIFO to detect changes.
        guard let kind = SnapshotEntry.Kind(rawValue: name == "socket" ? "fifo" : name) else {
            throw malformed("\(quote(text)) is not a type of file")
        }
        return kind
    }

    func number(
        _ text: UnsafeRawBufferPointer, _ keyword: UnsafeRawBufferPointer, radix: UInt64 = 10
    ) throws(SnapshotError) -> UInt64 {
        var value: UInt64 = 0
        for digit in text {
            let digitValue = UInt64(digit &- UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digitValue)
            guard digitValue < radix, !overflow, !carry else { throw notANumber(text, keyword) }
            value = sum
        }
        guard !text.isEmpty else { throw notANumber(text, keyword) }
        return value
    }

    func notANumber(
        _ text: UnsafeRawBufferPointer, _ keyword: UnsafeRawBufferPointer
    ) -> SnapshotError {
        malformed("\(quote(keyword)) is not a number: \(quote(text.prefix(100)))")
    }

    /// `SECONDS.NANOSECONDS`.
    func time(
        _ text: UnsafeRawBufferPointer, isWhole: Bool
    ) throws(SnapshotError) -> SnapshotEntry.Time {
        let point = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        let isNegative = text.first == UInt8(ascii: "-")
        var seconds: Int64 = 0
        var isNumber = point > (isNegative ? 1 : 0)
        for digit in text[(isNegative ? 1 : 0)..<max(point, isNegative ? 1 : 0)] {
            let value = Int64(digit) - 0x30
            let (product, overflow) = seconds.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(isNegative ? -value : value)
            isNumber = isNumber && (0...9).contains(value) && !overflow && !carry
            seconds = sum
        }
        let fraction = text.dropFirst(point + 1)
        guard isNumber, fraction.count <= 9, fraction.allSatisfy(\.isDigit)
        else { throw malformed("not a time: \(quote(text.prefix(100)))") }
        let nanoseconds = fraction.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
        return SnapshotEntry.Time(seconds: seconds, nanoseconds: isWhole ? nil : nanoseconds)
    }

    /// `native,MAJOR,MINOR`, with Linux's numbers; those of other systems are ignored.
    func device(_ text: UnsafeRawBufferPointer) -> SnapshotEntry.Device? {
        let parts = text.split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 3, parts[0] == "native" || parts[0] == "linux",
            let major = UInt32(parts[1]), let minor = UInt32(parts[2])
        else { return nil }
        return SnapshotEntry.Device(major: major, minor: minor)
    }
}

import JSON

/// A point in time, in image documents as RFC 3339 in UTC.
///
/// - Spec: RFC 3339, section 5.6; image-spec v1.1.1, config.md, `created`.
public struct Timestamp: Hashable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z; negative before it.
    public let seconds: Int64
    /// 0..<1,000,000,000, counted forward from `seconds`.
    public let nanoseconds: Int32

    /// The last second that RFC 3339 can express: the end of the year 9999.
    public static let lastSecond: Int64 = 253_402_300_799

    /// - Returns: nil before 1970 or after the year 9999.
    public init?(secondsSinceEpoch seconds: Int64) {
        guard (0...Timestamp.lastSecond).contains(seconds) else { return nil }
        self.seconds = seconds
        nanoseconds = 0
    }

    /// The first second that RFC 3339 can express: the beginning of the year 0.
    public static let firstSecond: Int64 = -62_167_219_200

    /// - Returns: nil outside the years 0 to 9999.
    public init?(seconds: Int64, nanoseconds: UInt32) {
        guard (Timestamp.firstSecond...Timestamp.lastSecond).contains(seconds),
            nanoseconds < 1_000_000_000
        else { return nil }
        self.init(seconds: seconds, nanoseconds: Int32(nanoseconds))
    }

    /// Reads an RFC 3339 date and time with any offset from UTC.
    ///
    /// Digits beyond nanoseconds are dropped. A leap second (`:60`) is refused, as in every reader
    /// of images written in Go.
    /// - Throws: `ValueError`.
    public init(_ text: String) throws(ValueError) {
        var reader = Reader(text)
        guard let value = reader.timestamp() else {
            throw ValueError("not a time as RFC 3339 writes it, like 2024-05-31T09:30:00Z")
        }
        self = value
    }

    fileprivate init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// In UTC with a `Z`, and with a fraction only when there is one, without trailing zeros.
    public var description: String {
        let day = floorDivide(seconds, by: secondsPerDay)
        let second = seconds - day * secondsPerDay
        let date = CivilDate(daysSinceEpoch: day)
        var text = "\(padded(date.year, to: 4))-\(padded(date.month, to: 2))-"
        text += "\(padded(date.day, to: 2))T\(padded(second / 3600, to: 2)):"
        text += "\(padded(second / 60 % 60, to: 2)):\(padded(second % 60, to: 2))"
        if nanoseconds > 0 {
            let digits = Array(padded(Int64(nanoseconds), to: 9).utf8)
            let significant = digits.lastIndex { $0 != UInt8(ascii: "0") } ?? 0
            text += "." + String(decoding: digits[...significant], as: UTF8.self)
        }
        return text + "Z"
    }
}

private let secondsPerDay: Int64 = 86_400

/// A day of the proleptic Gregorian calendar.
private struct CivilDate {
    var year: Int64
    var month: Int64
    var day: Int64

    static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    static func length(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 0000-01-01 to the first of January of `year`, which is not negative.
    private static func days(before year: Int64) -> Int64 {
        guard year > 0 else { return 0 }
        let past = year - 1
        // The year 0 is a leap year, hence one more.
        return year * 365 + past / 4 - past / 100 + past / 400 + 1
    }

    private static let epoch = days(before: 1970)

    var daysSinceEpoch: Int64 {
        var days = CivilDate.days(before: year) - CivilDate.epoch + day - 1
        for past in 1..<month { days += CivilDate.length(of: past, in: year) }
        return days
    }

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Precondition: the day is in the years 0 to 9999, or within a day of them.
    init(daysSinceEpoch: Int64) {
        let days = max(0, daysSinceEpoch + CivilDate.epoch)
        year = days / 366
        while CivilDate.days(before: year + 1) <= days { year += 1 }
        var rest = days - CivilDate.days(before: year)
        month = 1
        while rest >= CivilDate.length(of: month, in: year) {
            rest -= CivilDate.length(of: month, in: year)
            month += 1
        }
        day = rest + 1
    }
}

private struct Reader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    mutating func timestamp() -> Timestamp? {
        guard let date = date(), skip("Tt"), let hour = number(2), skip(":"),
            let minute = number(2), skip(":"), let second = number(2), hour < 24, minute < 60,
            second < 60, let nanoseconds = fraction(), let offset = offset(), rest.isEmpty
        else { return nil }
        let seconds = date.daysSinceEpoch * secondsPerDay + hour * 3600 + minute * 60 + second
        let utc = seconds - offset
        let first = CivilDate(year: 0, month: 1, day: 1).daysSinceEpoch * secondsPerDay
        guard (first...Timestamp.lastSecond).contains(utc) else { return nil }
        return Timestamp(seconds: utc, nanoseconds: nanoseconds)
    }

    private mutating func date() -> CivilDate? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"),
            let day = number(2), (1...12).contains(month),
            (1...CivilDate.length(of: month, in: year)).contains(day)
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    private mutating func skip(_ characters: StaticString) -> Bool {
        guard let byte = rest.first, characters.description.utf8.contains(byte) else {
            return false
        }
        rest.removeFirst()
        return true
    }

    private mutating func number(_ digits: Int) -> Int64? {
        guard rest.count >= digits else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(digits) {
            guard byte.isDigit else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        rest.removeFirst(digits)
        return value
    }

    /// The nanoseconds of an optional fraction.
    private mutating func fraction() -> Int32? {
        guard skip(".") else { return 0 }
        let digits = rest.prefix(while: \.isDigit)
        guard !digits.isEmpty else { return nil }
        var value: Int32 = 0
        for place in 0..<9 {
            let index = digits.startIndex + place
            value = value * 10 + (index < digits.endIndex ? Int32(digits[index] - 0x30) : 0)
        }
        rest.removeFirst(digits.count)
        return value
    }

    /// The seconds that local time is ahead of UTC.
    private mutating func offset() -> Int64? {
        if skip("Zz") { return 0 }
        let sign: Int64
        if skip("+") {
            sign = 1
        } else if skip("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hour = number(2), skip(":"), let minute = number(2), hour < 24, minute < 60 else {
            return nil
        }
        return sign * (hour * 3600 + minute * 60)
    }
}

private func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
}

private func padded(_ value: Int64, to width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

import JSON

/// Parsers of header values in responses. Malformed values are nil.
enum HeaderValue {
    /// The last byte of `Range: 0-99` in the response to an upload. It has no `bytes` prefix, but
    /// some registries write one.
    ///
    /// - Spec: distribution-spec v1.1, Pushing a blob in chunks.
    static func uploadRangeEnd(_ text: String) -> Int64? {
        var rest = Substring(text.filter { $0 != " " })
        if rest.hasPrefix("bytes=") { rest = rest.dropFirst(6) }
        let parts = rest.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, number(parts[0]) == 0 else { return nil }
        return number(parts[1])
    }

    /// The number of bytes of an upload session; registries write `0-0` for none.
    static func uploadedByteCount(_ text: String) -> Int64? {
        guard let end = uploadRangeEnd(text), end < Int64.max else { return nil }
        return end == 0 ? 0 : end + 1
    }

    struct ContentRange: Hashable {
        let first: Int64
        let last: Int64
        /// nil when the server does not state it.
        let total: Int64?
    }

    /// `bytes 10-99/100` of a response with status 206.
    ///
    /// - Spec: RFC 9110, section 14.4.
    static func contentRange(_ text: String) -> ContentRange? {
        let trimmed = Array(text.utf8)[...].trimmingWhiteSpace()
        let value = String(decoding: trimmed, as: UTF8.self)
        guard value.prefix(6).lowercased() == "bytes " else { return nil }
        let parts = value.dropFirst(6).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]),
            first <= last
        else { return nil }
        let total = parts[1] == "*" ? nil : number(parts[1])
        guard parts[1] == "*" || total != nil, total.map({ last < $0 }) ?? true else { return nil }
        return ContentRange(first: first, last: last, total: total)
    }

    /// Digits only, as HTTP writes numbers.
    static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else { return nil }
        return Int64(text)
    }

    /// The next page of a list, from `Link` headers.
    enum NextPage: Hashable {
        case none
        case target(String)
        /// There is a header that cannot be parsed: it may be a link to another page.
        case unreadable
    }

    /// The link to the next page of a list.
    ///
    /// A link without a relation counts as this link, because some registries omit the relation. A
    /// link with an anchor is about another resource.
    ///
    /// - Spec: RFC 8288, section 3; distribution-spec v1.1, Listing Tags.
    static func nextPage(_ values: [String]) -> NextPage {
        var unnamed: String?
        for value in values {
            var scanner = HeaderScanner(value)
            scanner.skipListSeparators()
            while !scanner.isAtEnd {
                guard let link = scanner.link() else { return .unreadable }
                scanner.skipListSeparators()
                if link.parameters["anchor"] != nil { continue }
                guard let relation = link.parameters["rel"] else {
                    unnamed = unnamed ?? link.target
                    continue
                }
                let names = relation.split { $0 == " " || $0 == "\t" }
                if names.contains(where: { equalsIgnoringCase(String($0), "next") }) {
                    return .target(link.target)
                }
            }
        }
        return unnamed.map { .target($0) } ?? .none
    }

    /// The texts of warnings with code 299.
    ///
    /// - Spec: distribution-spec v1.1, Warnings; RFC 7234, section 5.5.
    static func warnings(_ values: [String]) -> [String] {
        values.flatMap { value -> [String] in
            var texts: [String] = []
            var scanner = HeaderScanner(value)
            while let warning = scanner.warning() {
                if warning.code == "299", let text = ErrorBody.shortened(warning.text) {
                    texts.append(text)
                }
            }
            return texts
        }
    }

    /// The delay that `Retry-After` asks for: a number of seconds, or a date.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Spec: RFC 9110, section 10.2.3.
    static func retryAfter(_ text: String, now: Int64) -> Duration? {
        let trimmed = String(decoding: Array(text.utf8)[...].trimmingWhiteSpace(), as: UTF8.self)
        if let seconds = number(trimmed) { return .seconds(min(seconds, 1 << 32)) }
        return HTTPDate.seconds(trimmed).map { .seconds(max(0, $0 - now)) }
    }
}

/// Dates of HTTP, in all three forms that servers may send.
///
/// - Spec: RFC 9110, section 5.6.7.
enum HTTPDate {
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// Seconds since 1970; nil when it is not a date.
    static func seconds(_ text: String) -> Int64? {
        let separators: Set<Character> = [" ", ",", "-"]
        var words = text.split { separators.contains($0) }.dropFirst()
        guard let monthIndex = words.firstIndex(where: { months.contains($0.lowercased()) }),
            let month = months.firstIndex(of: words[monthIndex].lowercased())
        else { return nil }
        words.remove(at: monthIndex)
        guard let timeIndex = words.firstIndex(where: { $0.contains(":") }) else { return nil }
        let time = words.remove(at: timeIndex).split(separator: ":").map { HeaderValue.number($0) }
        let numbers = words.compactMap { HeaderValue.number($0) }
        guard time.count == 3, let hour = time[0], let minute = time[1], let second = time[2],
            hour < 24, minute < 60, second < 61, numbers.count == 2,
            (1...31).contains(numbers[0]), numbers[1] < 10_000
        else { return nil }
        let year =
            numbers[1] < 70 ? numbers[1] + 2000 : numbers[1] < 100 ? numbers[1] + 1900 : numbers[1]
        let days = daysSince1970(year: year, month: Int64(month + 1), day: numbers[0])
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    /// Days of the Gregorian calendar: years begin with March, so that the leap day is the last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

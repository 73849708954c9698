import ByteStream
import Glibc
import JSON
import OCI

/// The time of the sources, which replaces the current time in everything that is built from them.
///
/// - Spec: reproducible-builds.org, SOURCE_DATE_EPOCH specification 1.1.
public enum SourceDate {
    public static let variable = "SOURCE_DATE_EPOCH"

    /// The value of `SOURCE_DATE_EPOCH`; nil when it is not set, or empty.
    ///
    /// - Throws: `UsageError` for a value that is not a number of seconds up to the year 9999.
    public static func current() throws(UsageError) -> Timestamp? {
        guard let value = getenv(variable), value.pointee != 0 else { return nil }
        return try parse(Path(cString: value).bytes)
    }

    static func parse(_ text: some Collection<UInt8>) throws(UsageError) -> Timestamp {
        let digits = String(decoding: text, as: UTF8.self)
        guard text.allSatisfy(\.isDigit), let seconds = Int64(digits),
            let timestamp = Timestamp(secondsSinceEpoch: seconds)
        else { throw UsageError("\(variable) is not a number of seconds: \(quote(text))") }
        return timestamp
    }
}

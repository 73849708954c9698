/// Our comments in a snapshot or listing, with keywords that other programs do not support.
///
/// A line `#. KEYWORD=VALUE…` belongs to the entry before it. The line before all entries has the
/// version; without it, these lines are ordinary comments. Other programs refuse unknown keywords,
/// but ignore comments.
public enum OwnKeywords {
    static let prefix = Array("#. ".utf8)
    /// The line before all entries.
    public static let header = Array("#. version=1\n".utf8)
    /// The maximum number of bytes of an attribute in one line, because some programs limit lines.
    static let attributeByteLimit = 24 << 10

    static func areIn(_ line: UnsafeRawBufferPointer) -> Bool { line.starts(with: prefix) }
}

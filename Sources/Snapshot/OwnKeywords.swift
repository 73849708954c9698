/// Comments of ours: what a snapshot says beyond what other programs read.
///
/// A line `#. KEYWORD=VALUE…` belongs to the entry before it. The one before all entries has the
/// version of these lines; without it they are comments like any other. Other programs stop at a
/// keyword that they do not know, but not at a comment.
enum OwnKeywords {
    static let prefix = Array("#. ".utf8)
    /// The line before all entries.
    static let header = Array("#. version=1\n".utf8)
    /// How many bytes of an attribute one line has: some programs read no longer lines.
    static let attributeByteLimit = 24 << 10

    static func areIn(_ line: UnsafeRawBufferPointer) -> Bool { line.starts(with: prefix) }
}

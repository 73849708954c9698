import ByteStream

/// Patterns that leave paths out, by the rules of `.dockerignore`.
///
/// A pattern is matched against whole paths relative to the source; a path under a matched directory
/// is matched too; the last pattern that matches decides, and one that begins with `!` includes the
/// path again. `*` and `?` do not match a slash, a class of characters, `[…]`, may; `**` matches
/// any number of directories, and at the end everything; at the beginning, before a name without
/// wildcards, any text that ends with the name. `\` escapes a character other than a letter or
/// digit; before a letter or digit it has the meaning in `PatternExpression`.
///
/// - Spec: Docker's ".dockerignore file" reference, as moby/patternmatcher implements it; Go's
///   filepath.Match for which patterns are malformed.
public struct ExcludePatterns: Sendable {
    struct Pattern: Sendable {
        let matcher: PathPattern
        let isException: Bool
    }

    private(set) var patterns: [Pattern] = []
    /// Whether a path under an excluded directory can be included again.
    private(set) var hasExceptions = false

    public init() {}

    public var isEmpty: Bool { patterns.isEmpty }

    /// Adds the lines of an exclude file: blank lines and lines that begin with `#` are ignored.
    ///
    /// - Throws: `PatternError` with the malformed line.
    public mutating func add(lines bytes: [UInt8]) throws(PatternError) {
        var text = bytes[...]
        // A byte order mark is not part of the first pattern.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "#") { continue }
            try add(Array(line))
        }
    }

    /// Appends a pattern.
    ///
    /// - Throws: `PatternError` when a class or an escape has no end, nothing is left after `!`, or
    ///   its regular expression is malformed.
    public mutating func add(_ pattern: [UInt8]) throws(PatternError) {
        guard var text = ExcludePatterns.text(ofLine: pattern) else { return }
        let isException = text.first == UInt8(ascii: "!")
        if isException { text.removeFirst() }
        guard !text.isEmpty, WildcardSyntax.parts(text) != nil, let matcher = PathPattern(text)
        else { throw PatternError(pattern: pattern) }
        patterns.append(Pattern(matcher: matcher, isException: isException))
        if isException { hasExceptions = true }
    }

    /// Cleans a line as Docker's reader and matcher do: without space and slashes at its ends, and
    /// without empty, `.` and `..` components.
    ///
    /// - Returns: nil when nothing is left.
    private static func text(ofLine line: [UInt8]) -> [UInt8]? {
        let mark = UInt8(ascii: "!")
        var text = Array(trimmed(line[...]))
        let isException = text.first == mark
        if isException { text = Array(trimmed(text.dropFirst())) }
        if !text.isEmpty { text = Path(text).cleaned.bytes }
        if text.count > 1, text.first == UInt8(ascii: "/") { text.removeFirst() }
        if isException { text.insert(mark, at: 0) }
        text = Array(trimmed(text[...]))
        return text.isEmpty ? nil : Path(text).cleaned.bytes
    }

    /// The text without the white space at its ends.
    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let characters = Glob.characters(of: text)
        func isSpace(_ character: UInt32) -> Bool {
            Unicode.Scalar(character)?.properties.isWhitespace ?? false
        }
        func byteCount(_ space: some Sequence<UInt32>) -> Int {
            space.reduce(0) { $0 + (Unicode.Scalar($1).map(UTF8.width) ?? 1) }
        }
        let front = byteCount(characters.prefix(while: isSpace))
        let back = byteCount(characters.reversed().prefix(while: isSpace))
        return front == text.count ? [] : text.dropFirst(front).dropLast(back)
    }

    /// Appends the patterns of another list.
    public mutating func add(contentsOf other: ExcludePatterns) {
        patterns += other.patterns
        hasExceptions = hasExceptions || other.hasExceptions
    }

    /// Whether a path is left out.
    ///
    /// - Parameter path: relative to the source, without a trailing slash; not empty.
    func excludes(_ path: some Sequence<UInt8>) -> Bool {
        if patterns.isEmpty { return false }
        var matcher = ExcludeMatcher(self)
        let path = Array(path)
        return path.withUnsafeBytes { path in
            var start = 0
            while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
                matcher.enter(UnsafeRawBufferPointer(rebasing: path[..<slash]), nameOffset: start)
                start = slash + 1
            }
            return matcher.excludes(path, nameOffset: start)
        }
    }
}

/// A pattern that is malformed.
public struct PatternError: Error, Hashable, Sendable {
    public let pattern: [UInt8]
}

/// Patterns that leave paths out, by the rules of `.dockerignore`.
///
/// A pattern is matched against whole paths relative to the source; a path under a matched directory
/// is matched too; the last pattern that matches decides, and one that begins with `!` takes the
/// path back in. `*` and `?` do not match a slash, a class of characters, `[…]`, may; `**` matches
/// any number of directories, and at the end everything; at the beginning, before a name without
/// wildcards, any text that ends with the name. `\` takes away a character's meaning.
///
/// - Spec: Docker's ".dockerignore file" reference, as moby/patternmatcher carries it out; Go's
///   filepath.Match for which patterns are malformed.
public struct ExcludePatterns: Sendable {
    struct Pattern: Sendable {
        let matcher: PathPattern
        let isException: Bool
    }

    private(set) var patterns: [Pattern] = []
    /// Whether a path under an excluded directory can come back in.
    private(set) var hasExceptions = false

    public init() {}

    public var isEmpty: Bool { patterns.isEmpty }

    /// Adds the lines of an exclude file: blank lines and lines that begin with `#` say nothing.
    ///
    /// - Throws: `PatternError` with the line that is malformed.
    public mutating func add(lines bytes: [UInt8]) throws(PatternError) {
        var text = bytes[...]
        // A byte order mark of UTF-8 is no part of the first pattern.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "#") { continue }
            try add(Array(line))
        }
    }

    /// Adds one pattern after the others.
    ///
    /// - Throws: `PatternError` when a class or an escape has no end, or nothing is left after `!`.
    public mutating func add(_ pattern: [UInt8]) throws(PatternError) {
        let space: Set<UInt8> = [0x20, 0x09, 0x0D]
        var text = pattern[...]
        text = text.drop { space.contains($0) }
        while let last = text.last, space.contains(last) { text.removeLast() }
        if text.isEmpty { return }
        let isException = text.first == UInt8(ascii: "!")
        if isException {
            text = text.dropFirst().drop { space.contains($0) }
            if text.isEmpty { throw PatternError(pattern: pattern) }
        }
        guard let path = ExcludePatterns.clean(text) else { return }
        guard let matcher = PathPattern(path) else { throw PatternError(pattern: pattern) }
        patterns.append(Pattern(matcher: matcher, isException: isException))
        if isException { hasExceptions = true }
    }

    /// Adds the patterns of another list after these.
    public mutating func add(contentsOf other: ExcludePatterns) {
        patterns += other.patterns
        hasExceptions = hasExceptions || other.hasExceptions
    }

    /// The pattern without slashes at its ends and without empty, `.` and `..` components.
    ///
    /// - Returns: nil when it is the source itself or leads out of it, and so says nothing.
    private static func clean(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var components: [ArraySlice<UInt8>] = []
        for component in text.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                if components.isEmpty, text.first != UInt8(ascii: "/") { return nil }
                _ = components.popLast()
            } else {
                components.append(component)
            }
        }
        return components.isEmpty ? nil : Array(components.joined(separator: "/".utf8))
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

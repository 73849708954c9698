/// Patterns that leave paths out, by the rules of `.dockerignore`.
///
/// A pattern is matched against whole paths relative to the source; a path under a matched directory
/// is matched too; the last pattern that matches decides, and one that begins with `!` takes the
/// path back in. `*` and `?` do not match a slash, `**` matches any number of directories, `[…]` is
/// a class of characters and `\` takes away a character's meaning.
///
/// - Spec: Docker's ".dockerignore file" reference; Go's filepath.Match for the patterns.
public struct ExcludePatterns: Sendable {
    private struct Pattern: Sendable {
        let components: [[UInt8]]
        let isException: Bool
    }

    private var patterns: [Pattern] = []
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
        let components = try ExcludePatterns.clean(text, of: pattern)
        if components.isEmpty { return }
        patterns.append(Pattern(components: components, isException: isException))
        if isException { hasExceptions = true }
    }

    /// Splits at slashes; `.` and empty components go, and `..` takes one back.
    private static func clean(
        _ text: ArraySlice<UInt8>, of pattern: [UInt8]
    ) throws(PatternError) -> [[UInt8]] {
        var components: [[UInt8]] = []
        for component in text.split(separator: UInt8(ascii: "/")).map(Array.init) {
            if component.elementsEqual(".".utf8) { continue }
            if component.elementsEqual("..".utf8) {
                if !components.isEmpty { components.removeLast() }
                continue
            }
            guard Glob.isWellFormed(component) else { throw PatternError(pattern: pattern) }
            components.append(component)
        }
        return components
    }

    /// Whether a path is left out.
    ///
    /// - Parameter path: relative to the source, without a trailing slash; not empty.
    func excludes(_ path: some Sequence<UInt8>) -> Bool {
        if patterns.isEmpty { return false }
        let components = Array(path).split(separator: UInt8(ascii: "/")).map(Array.init)
        var isExcluded = false
        for pattern in patterns where pattern.isException == isExcluded {
            if matches(pattern, components) { isExcluded.toggle() }
        }
        return isExcluded
    }

    /// A pattern matches a path when it matches all of it or a directory above it.
    private func matches(_ pattern: Pattern, _ path: [[UInt8]]) -> Bool {
        (1...path.count).contains { count in
            Glob.matches(pattern.components[...], path[..<count])
        }
    }
}

/// A pattern that is malformed.
public struct PatternError: Error, Hashable, Sendable {
    public let pattern: [UInt8]
}

/// Matching of components, and of characters within one.
enum Glob {
    /// `**` as a component matches any number of components, also none.
    static func matches(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first.elementsEqual("**".utf8) {
            let rest = pattern.dropFirst()
            // At the end it stands for everything below, not for the directory itself.
            if rest.isEmpty { return !path.isEmpty }
            return (path.startIndex...path.endIndex).contains { matches(rest, path[$0...]) }
        }
        guard let name = path.first, matches(component: first[...], name[...]) else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }

    static func isWellFormed(_ component: [UInt8]) -> Bool {
        var rest = component[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                if rest.popFirst() == nil { return false }
            case UInt8(ascii: "["):
                guard let end = characterClass(rest, UInt32.max) else { return false }
                rest = end.rest
            default: break
            }
        }
        return true
    }

    /// Matches one name; characters are Unicode scalars, or bytes where the name is not UTF-8.
    private static func matches(component: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var pattern = component
        var text = name
        // Where to go on when the characters after the last star do not match.
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.drop { $0 == UInt8(ascii: "*") }
                retry = (pattern, text)
                continue
            }
            if pattern.isEmpty, text.isEmpty { return true }
            if let rest = matchOne(pattern, text) {
                (pattern, text) = rest
                continue
            }
            guard let (star, start) = retry, !start.isEmpty else { return false }
            let next = start.dropFirst(scalar(start)?.count ?? 1)
            retry = (star, next)
            (pattern, text) = (star, next)
        }
    }

    /// Matches one character; nil when it does not.
    private static func matchOne(
        _ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        guard let first = pattern.first, let character = scalar(text) else { return nil }
        switch first {
        case UInt8(ascii: "?"):
            return (pattern.dropFirst(), text.dropFirst(character.count))
        case UInt8(ascii: "["):
            guard let found = characterClass(pattern.dropFirst(), character.value), found.matches
            else { return nil }
            return (found.rest, text.dropFirst(character.count))
        default:
            let literal = first == UInt8(ascii: "\\") ? pattern.dropFirst() : pattern
            guard literal.first == text.first else { return nil }
            return (literal.dropFirst(), text.dropFirst())
        }
    }

    /// Reads `^a-z…]`.
    ///
    /// - Returns: nil when the class has no end or is empty.
    private static func characterClass(
        _ pattern: ArraySlice<UInt8>, _ character: UInt32
    ) -> (matches: Bool, rest: ArraySlice<UInt8>)? {
        var rest = pattern
        let isNegated = rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        var isFound = false
        var isFirst = true
        while true {
            if rest.first == UInt8(ascii: "]"), !isFirst {
                return (isFound != isNegated, rest.dropFirst())
            }
            isFirst = false
            guard let low = classMember(&rest) else { return nil }
            var high = low
            if rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
                guard let end = classMember(&rest) else { return nil }
                high = end
            }
            if low <= character, character <= high { isFound = true }
        }
    }

    /// One character of a class, perhaps escaped.
    private static func classMember(_ rest: inout ArraySlice<UInt8>) -> UInt32? {
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "]") { return nil }
        if rest.first == UInt8(ascii: "\\") { rest = rest.dropFirst() }
        guard let member = scalar(rest) else { return nil }
        rest = rest.dropFirst(member.count)
        return member.value
    }

    /// The first character and how many bytes it has; nil when there is none.
    private static func scalar(_ text: ArraySlice<UInt8>) -> (value: UInt32, count: Int)? {
        guard let first = text.first else { return nil }
        if first < 0x80 { return (UInt32(first), 1) }
        var decoder = UTF8()
        var iterator = text.makeIterator()
        if case .scalarValue(let value) = decoder.decode(&iterator) {
            return (value.value, UTF8.width(value))
        }
        return (UInt32(first), 1)
    }
}

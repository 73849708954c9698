/// Patterns that leave paths out, by the rules of `.dockerignore`.
///
/// A pattern is matched against whole paths relative to the source; a path under a matched directory
/// is matched too; the last pattern that matches decides, and one that begins with `!` takes the
/// path back in. `*`, `?` and a class of characters, `[…]`, do not match a slash; `**` matches any
/// number of directories, and at the end everything; `\` takes away a character's meaning.
///
/// - Spec: Docker's ".dockerignore file" reference; Go's filepath.Match for the patterns.
public struct ExcludePatterns: Sendable {
    private struct Pattern: Sendable {
        let glob: Glob
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
        guard let path = ExcludePatterns.clean(text) else { return }
        guard let glob = Glob(path) else { throw PatternError(pattern: pattern) }
        patterns.append(Pattern(glob: glob, isException: isException))
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
        let characters = Glob.characters(of: Array(path)[...])
        var isExcluded = false
        for pattern in patterns where pattern.isException == isExcluded {
            if pattern.glob.matches(characters) { isExcluded.toggle() }
        }
        return isExcluded
    }
}

/// A pattern that is malformed.
public struct PatternError: Error, Hashable, Sendable {
    public let pattern: [UInt8]
}

/// A pattern in parts, matched in a time that grows with the length of pattern and path alone.
struct Glob: Sendable {
    private enum Part: Sendable {
        case character(UInt32)
        /// `?`
        case any
        case characterClass([ClosedRange<UInt32>], isNegated: Bool)
        /// `*`
        case name
        /// `**`: nothing, or anything that ends with a slash.
        case directories
        /// `**` at the end.
        case everything
    }

    private static let slash = UInt32(UInt8(ascii: "/"))
    private static let star = UInt32(UInt8(ascii: "*"))
    private static let questionMark = UInt32(UInt8(ascii: "?"))
    private static let open = UInt32(UInt8(ascii: "["))
    private static let close = UInt32(UInt8(ascii: "]"))
    private static let caret = UInt32(UInt8(ascii: "^"))
    private static let dash = UInt32(UInt8(ascii: "-"))
    private static let escape = UInt32(UInt8(ascii: "\\"))

    /// No character has this number.
    private static let nothing = UInt32.max...UInt32.max

    private let parts: [Part]

    /// - Returns: nil when a class or an escape has no end.
    init?(_ pattern: [UInt8]) {
        var rest = Glob.characters(of: pattern[...])[...]
        var parts: [Part] = []
        while let character = rest.popFirst() {
            switch character {
            case Glob.star:
                guard rest.first == Glob.star else {
                    parts.append(.name)
                    continue
                }
                rest = rest.dropFirst()
                if rest.first == Glob.slash { rest = rest.dropFirst() }
                parts.append(rest.isEmpty ? .everything : .directories)
            case Glob.questionMark: parts.append(.any)
            case Glob.open:
                guard let part = Glob.readClass(&rest) else { return nil }
                parts.append(part)
            case Glob.escape:
                guard let literal = rest.popFirst() else { return nil }
                parts.append(.character(literal))
            default: parts.append(.character(character))
            }
        }
        self.parts = parts
    }

    /// Whether all of the path or a directory above it matches.
    func matches(_ path: [UInt32]) -> Bool {
        // Which parts may come next, after the characters so far; one more than there are: the end.
        var states = [Bool](repeating: false, count: parts.count + 1)
        enter(0, &states)
        for character in path {
            if character == Glob.slash, states[parts.count] { return true }
            var next = [Bool](repeating: false, count: parts.count + 1)
            for (index, part) in parts.enumerated() where states[index] {
                let isSlash = character == Glob.slash
                switch part {
                case .character(let literal):
                    if character == literal { enter(index + 1, &next) }
                case .any: if !isSlash { enter(index + 1, &next) }
                case .characterClass(let ranges, let isNegated):
                    let isFound = ranges.contains { $0.contains(character) }
                    if !isSlash, isFound != isNegated { enter(index + 1, &next) }
                case .name: if !isSlash { enter(index, &next) }
                case .directories:
                    next[index] = true
                    if isSlash { enter(index + 1, &next) }
                case .everything: enter(index, &next)
                }
            }
            states = next
        }
        return states[parts.count]
    }

    /// Marks a part as what comes next, and those behind it when it may be nothing.
    private func enter(_ index: Int, _ states: inout [Bool]) {
        for index in index... {
            states[index] = true
            guard index < parts.count else { return }
            switch parts[index] {
            case .name, .directories, .everything: continue
            case .character, .any, .characterClass: return
            }
        }
    }

    /// Reads `^a-z…]`.
    ///
    /// - Returns: nil when the class has no end or is empty.
    private static func readClass(_ rest: inout ArraySlice<UInt32>) -> Part? {
        let isNegated = rest.first == Glob.caret
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        while ranges.isEmpty || rest.first != Glob.close {
            guard let low = classMember(&rest) else { return nil }
            var high = low
            if rest.first == Glob.dash {
                rest = rest.dropFirst()
                guard let end = classMember(&rest) else { return nil }
                high = end
            }
            // What ends before it begins has nothing in it, but is well-formed.
            ranges.append(low <= high ? low...high : Glob.nothing)
        }
        rest = rest.dropFirst()
        return .characterClass(ranges, isNegated: isNegated)
    }

    /// One character of a class, perhaps escaped.
    private static func classMember(_ rest: inout ArraySlice<UInt32>) -> UInt32? {
        if rest.first == Glob.dash || rest.first == Glob.close { return nil }
        if rest.first == Glob.escape { rest = rest.dropFirst() }
        return rest.popFirst()
    }

    /// Unicode scalars, and above them the bytes that are not UTF-8.
    static func characters(of text: ArraySlice<UInt8>) -> [UInt32] {
        var characters: [UInt32] = []
        characters.reserveCapacity(text.count)
        var rest = text
        while let first = rest.first {
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            if first < 0x80 {
                characters.append(UInt32(first))
                rest = rest.dropFirst()
            } else if case .scalarValue(let scalar) = decoder.decode(&iterator) {
                characters.append(scalar.value)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                characters.append(0x11_0000 + UInt32(first))
                rest = rest.dropFirst()
            }
        }
        return characters
    }
}

/// Parses the regular expressions of `PatternExpression`: Go's syntax without groups by the
/// pattern, and without the repetitions `+` and `?`, whose characters are always escaped.
///
/// - Spec: Go, regexp/syntax, with the flags of regexp.Compile.
struct ExpressionParser {
    private var rest: ArraySlice<Unicode.Scalar>
    private var parts: [Glob.Part] = []
    /// Whether the last part is already repeated, and so cannot be repeated again.
    private var isRepeated = false

    /// The maximum number of parts of an expression. Go limits memory instead.
    private static let partLimit = 5000
    /// The maximum number of repetitions of a part, as in Go.
    private static let repetitionLimit = 1000

    private init(_ text: [Unicode.Scalar]) {
        rest = text[...]
    }

    /// The alternatives of an expression, one of which a whole path must match.
    ///
    /// - Returns: nil when the expression is malformed.
    static func alternatives(of text: [Unicode.Scalar]) -> [[Glob.Part]]? {
        var parser = ExpressionParser(text)
        var alternatives: [[Glob.Part]] = []
        while parser.readAlternative() {
            alternatives.append(ExpressionParser.anchored(parser.parts))
            if parser.rest.popFirst() == nil { return alternatives }
        }
        return nil
    }

    /// Reads up to a bar or the end.
    ///
    /// - Returns: whether it is well-formed.
    private mutating func readAlternative() -> Bool {
        parts = []
        isRepeated = false
        while let character = rest.first, character != "|" {
            guard parts.count <= ExpressionParser.partLimit else { return false }
            if character == "{", let range = repetition() {
                guard repeatLast(range) else { return false }
                isRepeated = true
            } else {
                isRepeated = false
                guard readPart(character) else { return false }
            }
        }
        return true
    }

    private mutating func readPart(_ character: Unicode.Scalar) -> Bool {
        if character == "\\" {
            guard let escaped = escaped() else { return false }
            parts += escaped
            return true
        }
        rest = rest.dropFirst()
        switch character {
        case "^": parts.append(.assertion(.start))
        case "$": parts.append(.assertion(.end))
        case "[":
            guard let members = characterClass() else { return false }
            appendOneOrMany(members)
        case ".": appendOneOrMany(.noNewline)
        case "(":
            rest = rest.dropFirst(".*/)?".count)
            parts.append(.directories)
            isRepeated = true
        default: parts.append(.character(character.value))
        }
        return true
    }

    private mutating func appendOneOrMany(_ members: CharacterClass) {
        isRepeated = rest.first == "*"
        if isRepeated { rest = rest.dropFirst() }
        parts.append(isRepeated ? .many(members) : .one(members))
    }

    /// Adds "any text" at each end without an assertion, so that a match anywhere matches the whole
    /// path.
    private static func anchored(_ parts: [Glob.Part]) -> [Glob.Part] {
        let anything = Glob.Part.many(CharacterClass(isNegated: true))
        var parts = parts
        if case .assertion(.start)? = parts.first {
            let end = parts.firstIndex { if case .assertion(.start) = $0 { false } else { true } }
            parts.removeFirst(end ?? parts.count)
        } else {
            parts.insert(anything, at: 0)
        }
        guard case .assertion(.end)? = parts.last else { return parts + [anything] }
        while case .assertion(.end)? = parts.last { parts.removeLast() }
        return parts
    }

    // MARK: Repetitions

    /// Reads `{3}`, `{3,}` or `{3,5}`.
    ///
    /// - Returns: lower and upper bound, the latter nil when there is none; nil when it is not a
    ///   repetition, and the brace is an ordinary character.
    private mutating func repetition() -> (lower: Int, upper: Int?)? {
        var text = rest.dropFirst()
        guard let lower = ExpressionParser.number(&text) else { return nil }
        var upper: Int? = lower
        if text.first == "," {
            text = text.dropFirst()
            if text.first == "}" {
                upper = nil
            } else {
                guard let number = ExpressionParser.number(&text) else { return nil }
                upper = number
            }
        }
        guard text.popFirst() == "}" else { return nil }
        rest = text
        return (lower, upper)
    }

    /// Reads digits without a leading zero. A number above the limit becomes limit + 1.
    private static func number(_ text: inout ArraySlice<Unicode.Scalar>) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let first = digits.first, first != "0" || digits.count == 1 else { return nil }
        text = text.dropFirst(digits.count)
        let number = Int(String(String.UnicodeScalarView(digits)))
        return min(number ?? .max, repetitionLimit + 1)
    }

    /// - Returns: false when no part can be repeated, or not that often.
    private mutating func repeatLast(_ range: (lower: Int, upper: Int?)) -> Bool {
        let limit = ExpressionParser.repetitionLimit
        let upper = range.upper ?? range.lower
        guard !isRepeated, range.lower <= upper, upper <= limit, let part = parts.popLast() else {
            return false
        }
        switch part {
        case .character(let character):
            return repeatMembers(CharacterClass(character...character), part, range)
        case .one(let members):
            return repeatMembers(members, part, range)
        case .assertion:
            if upper > 0 || range.upper == nil { parts.append(part) }
            return true
        case .optional, .many, .directories: return false
        }
    }

    private mutating func repeatMembers(
        _ members: CharacterClass, _ part: Glob.Part, _ range: (lower: Int, upper: Int?)
    ) -> Bool {
        parts += Array(repeating: part, count: range.lower)
        if let upper = range.upper {
            parts += Array(repeating: .optional(members), count: upper - range.lower)
        } else {
            parts.append(.many(members))
        }
        return true
    }

    // MARK: Escapes

    /// Reads an escape outside a class.
    ///
    /// - Returns: nil when there is no such escape.
    private mutating func escaped() -> [Glob.Part]? {
        switch rest.dropFirst().first {
        case "A"?: return assertion(.start)
        case "z"?: return assertion(.end)
        case "b"?: return assertion(.wordBoundary(isNegated: false))
        case "B"?: return assertion(.wordBoundary(isNegated: true))
        case "Q"?: return quotedText()
        default: break
        }
        var members = CharacterClass()
        switch classEscape(into: &members) {
        case true?: return [.one(members)]
        case false?: return nil
        case nil: return escapedCharacter().map { [.character($0.value)] }
        }
    }

    private mutating func assertion(_ assertion: Glob.Assertion) -> [Glob.Part] {
        rest = rest.dropFirst(2)
        return [.assertion(assertion)]
    }

    /// Reads `\Q…\E`; the end may be missing.
    private mutating func quotedText() -> [Glob.Part] {
        var parts: [Glob.Part] = []
        rest = rest.dropFirst(2)
        while let character = rest.popFirst() {
            if character == "\\", rest.first == "E" {
                rest = rest.dropFirst()
                break
            }
            parts.append(.character(character.value))
        }
        return parts
    }

    /// Reads `\d`, `\pL` and the like.
    ///
    /// - Returns: nil for another escape, false when it is malformed.
    private mutating func classEscape(into members: inout CharacterClass) -> Bool? {
        guard rest.first == "\\", let letter = rest.dropFirst().first else { return nil }
        switch letter {
        case "d", "D": members.insert(CharacterClass.digits, isNegated: letter == "D")
        case "w", "W": members.insert(CharacterClass.wordCharacters, isNegated: letter == "W")
        case "s", "S": members.insert(CharacterClass.spaces, isNegated: letter == "S")
        case "p", "P":
            rest = rest.dropFirst(2)
            guard let name = categoryName() else { return false }
            return members.insert(category: name, isNegated: letter == "P")
        default: return nil
        }
        rest = rest.dropFirst(2)
        return true
    }

    /// Reads the text after `\p`: a letter, or a name in braces.
    private mutating func categoryName() -> String? {
        guard rest.first == "{" else { return rest.popFirst().map { String($0) } }
        guard let end = rest.firstIndex(of: "}") else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(String.UnicodeScalarView(rest[..<end].dropFirst()))
    }

    /// Reads an escape that stands for one character.
    private mutating func escapedCharacter() -> Unicode.Scalar? {
        rest = rest.dropFirst()
        guard let character = rest.popFirst(), character.isASCII else { return nil }
        switch character {
        case "0"..."7":
            // A single digit other than 0 would be a back reference, which is not supported.
            guard character == "0" || octalDigit != nil else { return nil }
            var value = character.value - 0x30
            for _ in 0..<2 {
                guard let digit = octalDigit else { break }
                value = value << 3 | digit
                rest = rest.dropFirst()
            }
            return Unicode.Scalar(value)
        case "x":
            if rest.first == "{" { return hexadecimalInBraces() }
            guard let high = hexadecimalDigit(), let low = hexadecimalDigit() else { return nil }
            return Unicode.Scalar(high << 4 | low)
        case "a": return "\u{7}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "0"..."9", "a"..."z", "A"..."Z": return nil
        default: return character
        }
    }

    private var octalDigit: UInt32? {
        guard let digit = rest.first, ("0"..."7").contains(digit) else { return nil }
        return digit.value - 0x30
    }

    private mutating func hexadecimalInBraces() -> Unicode.Scalar? {
        rest = rest.dropFirst()
        var value: UInt32 = 0
        var isEmpty = true
        while rest.first != "}" {
            guard let digit = hexadecimalDigit(), value <= 0x10_FFFF else { return nil }
            value = value << 4 | digit
            isEmpty = false
        }
        rest = rest.dropFirst()
        return isEmpty ? nil : Unicode.Scalar(value)
    }

    private mutating func hexadecimalDigit() -> UInt32? {
        guard let digit = rest.popFirst(), digit.isASCII else { return nil }
        return Character(digit).hexDigitValue.map { UInt32($0) }
    }

    // MARK: Classes

    /// Reads the text after the opening bracket of a class.
    private mutating func characterClass() -> CharacterClass? {
        let isNegated = rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var members = CharacterClass(isNegated: isNegated)
        var isFirst = true
        while isFirst || rest.first != "]" {
            isFirst = false
            switch namedClass(into: &members) ?? classEscape(into: &members) {
            case true?: continue
            case false?: return nil
            case nil: break
            }
            guard let low = classCharacter() else { return nil }
            var high = low
            if rest.first == "-", rest.count >= 2, rest.dropFirst().first != "]" {
                rest = rest.dropFirst()
                guard let end = classCharacter(), end >= low else { return nil }
                high = end
            }
            members.insert(low.value...high.value)
        }
        rest = rest.dropFirst()
        return members
    }

    private mutating func classCharacter() -> Unicode.Scalar? {
        rest.first == "\\" ? escapedCharacter() : rest.popFirst()
    }

    /// Reads `[:alpha:]` or `[:^alpha:]`.
    ///
    /// - Returns: nil when it is not such a name, false for an unknown name.
    private mutating func namedClass(into members: inout CharacterClass) -> Bool? {
        guard rest.count > 2, rest.first == "[", rest.dropFirst().first == ":" else { return nil }
        let inner = rest.dropFirst(2)
        guard
            let end = inner.indices.first(where: {
                inner[$0] == ":" && $0 + 1 < inner.endIndex && inner[$0 + 1] == "]"
            })
        else { return nil }
        let isNegated = inner.first == "^"
        let name = String(String.UnicodeScalarView(inner[..<end].dropFirst(isNegated ? 1 : 0)))
        guard let ranges = CharacterClass.ranges(named: name) else { return false }
        members.insert(ranges, isNegated: isNegated)
        rest = rest[(end + 2)...]
        return true
    }
}

extension CharacterClass {
    fileprivate static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    fileprivate static let wordCharacters: [ClosedRange<UInt32>] = [
        0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A,
    ]
    fileprivate static let spaces: [ClosedRange<UInt32>] = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]

    /// The characters of a POSIX class, all in ASCII; nil for an unknown name.
    fileprivate static func ranges(named name: String) -> [ClosedRange<UInt32>]? {
        switch name {
        case "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        case "alpha": [0x41...0x5A, 0x61...0x7A]
        case "ascii": [0...0x7F]
        case "blank": [0x09...0x09, 0x20...0x20]
        case "cntrl": [0...0x1F, 0x7F...0x7F]
        case "digit": digits
        case "graph": [0x21...0x7E]
        case "lower": [0x61...0x7A]
        case "print": [0x20...0x7E]
        case "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]
        case "space": [0x09...0x0D, 0x20...0x20]
        case "upper": [0x41...0x5A]
        case "word": wordCharacters
        case "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66]
        default: nil
        }
    }
}

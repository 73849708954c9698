/// Parses a pattern of Go's filepath.Match: `*`, `?`, classes `[^a-z]`, and `\`, which escapes a
/// character.
///
/// - Spec: Go, path/filepath, Match.
struct WildcardSyntax {
    private var rest: ArraySlice<UInt32>

    private var next: Unicode.Scalar? { rest.first.flatMap(Unicode.Scalar.init) }

    /// The parts of a pattern.
    ///
    /// - Returns: nil when a class or an escape has no end, or a class has no member.
    static func parts(_ pattern: [UInt8]) -> [Glob.Part]? {
        var syntax = WildcardSyntax(rest: Glob.characters(of: pattern)[...])
        return syntax.parts()
    }

    private mutating func parts() -> [Glob.Part]? {
        var parts: [Glob.Part] = []
        while let character = rest.popFirst() {
            switch Unicode.Scalar(character) {
            case "*"?: parts.append(.many(.noSlash))
            case "?"?: parts.append(.one(.noSlash))
            case "["?:
                guard let members = characterClass() else { return nil }
                parts.append(.one(members))
            case "\\"?:
                guard let literal = rest.popFirst() else { return nil }
                parts.append(.character(literal))
            default: parts.append(.character(character))
            }
        }
        return parts
    }

    /// Reads the text after the opening bracket of a class. A range whose end is below its start
    /// has no member.
    private mutating func characterClass() -> CharacterClass? {
        let isNegated = next == "^"
        if isNegated { rest = rest.dropFirst() }
        var members = CharacterClass(isNegated: isNegated)
        var isEmpty = true
        while isEmpty || next != "]" {
            guard let low = member() else { return nil }
            var high = low
            if next == "-" {
                rest = rest.dropFirst()
                guard let end = member() else { return nil }
                high = end
            }
            if low <= high { members.insert(low...high) }
            isEmpty = false
        }
        rest = rest.dropFirst()
        return members
    }

    /// One character of a class, escaped or not.
    private mutating func member() -> UInt32? {
        if next == "-" || next == "]" { return nil }
        if next == "\\" { rest = rest.dropFirst() }
        guard let character = rest.popFirst(), Unicode.Scalar(character) != nil, !rest.isEmpty
        else { return nil }
        return character
    }
}

extension CharacterClass {
    /// Anything but a slash.
    static let noSlash = CharacterClass(allBut: "/")
    /// The dot of an expression: anything but a newline.
    static let noNewline = CharacterClass(allBut: "\n")
}

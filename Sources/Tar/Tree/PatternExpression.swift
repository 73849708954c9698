/// The regular expression of a pattern of `.dockerignore`.
///
/// Docker defines a pattern by this text, even where the result is odd: inside a class `*` and `?`
/// become classes of their own, and an escaped letter has its meaning in an expression. So have
/// `|`, `{2}` and `^` in a pattern that is not matched as plain text.
///
/// - Spec: moby/patternmatcher at 5a6d842, the compilation of a pattern.
enum PatternExpression {
    /// - Parameter pattern: a pattern that is not matched as plain text.
    /// - Returns: the characters of the expression; bytes that are not UTF-8 become U+FFFD.
    static func text(of pattern: [UInt8]) -> [Unicode.Scalar] {
        var rest = Glob.characters(of: pattern).map { Unicode.Scalar($0) ?? "\u{FFFD}" }[...]
        // A byte order mark is skipped.
        if rest.first == "\u{FEFF}" { rest = rest.dropFirst() }
        var text: [Unicode.Scalar] = ["^"]
        while let character = rest.popFirst() {
            switch character {
            case "*":
                guard rest.first == "*" else {
                    text += "[^/]*"
                    continue
                }
                rest = rest.dropFirst()
                if rest.first == "/" { rest = rest.dropFirst() }
                text += rest.isEmpty ? ".*" : "(.*/)?"
            case "?": text += "[^/]"
            // Braces and bars stay, although they have a meaning in an expression.
            case ".", "+", "(", ")", "$":
                text += "\\"
                text.append(character)
            case "\\":
                text += "\\"
                if let next = rest.popFirst() { text.append(next) }
            default: text.append(character)
            }
        }
        text += "$"
        return text
    }
}

extension [Unicode.Scalar] {
    fileprivate static func += (text: inout [Unicode.Scalar], more: String) {
        text += Array(more.unicodeScalars)
    }
}

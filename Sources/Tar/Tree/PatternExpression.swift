/// The regular expression that a pattern of `.dockerignore` stands for.
///
/// Docker's meaning of a pattern *is* this text, also where that is odd: inside a class `*` and `?`
/// become classes of their own, an escaped letter means what it means in an expression, and so do `|`,
/// `{2}` and `^` of a pattern that is not matched as plain text.
///
/// - Spec: moby/patternmatcher at 5a6d842, the compilation of a pattern.
enum PatternExpression {
    /// - Parameter pattern: one that is not matched as plain text.
    /// - Returns: the characters of the expression; what was not UTF-8 is U+FFFD.
    static func text(of pattern: [UInt8]) -> [Unicode.Scalar] {
        var rest = Glob.characters(of: pattern).map { Unicode.Scalar($0) ?? "\u{FFFD}" }[...]
        // A byte order mark is passed over.
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
            // Not braces and bars, though they mean something in an expression.
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

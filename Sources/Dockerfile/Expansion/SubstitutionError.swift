/// Why variables in a text could not be replaced.
public enum SubstitutionError: Error, Hashable, Sendable {
    /// A quote or a `${` that is not closed.
    case missingEnd(String)
    /// `${}`, or text that begins with `${{` or `${:`.
    case badSubstitution
    /// The text after the name in `${name…}` is no known modifier.
    case unknownModifier(String)
    /// `${name?message}` of a variable that is not set, or is empty.
    case notSet(name: String, message: String)
    /// A pattern that escapes a character that needs no escape.
    case badPattern(String)
    case tooDeep
    /// The values have more characters than a Dockerfile may substitute.
    case tooMuch

    public var text: String {
        switch self {
        case .missingEnd(let end): "the closing \(end) is missing"
        case .badSubstitution: "bad substitution: a name should follow '${'"
        case .unknownModifier(let modifier): "unknown modifier '\(modifier)' in a substitution"
        case .notSet(let name, let message): "variable '\(name)': \(message)"
        case .badPattern(let pattern): "malformed pattern '\(pattern)' in a substitution"
        case .tooMuch:
            "more than \(SubstitutionBudget.limit) characters from substitutions in the file"
        case .tooDeep: "substitutions inside one another, deeper than \(Expansion.depthLimit)"
        }
    }
}

/// Replaces variables and removes quotes and escapes, by a subset of the shell's rules.
///
/// - Spec: Dockerfile reference, "Environment replacement"; BuildKit's `shell/lex.go` where that is
///   silent.
struct Expansion {
    static let depthLimit = 100

    let escape: Unicode.Scalar
    let variables: Variables
    var keepsQuotes = false
    /// Whether quotes are ordinary characters, as in the body of a heredoc.
    var ignoresQuotes = false
    var keepsEscapes = false
    /// Whether a variable that is not set stays as it is written.
    var keepsUnset = false

    init(escape: Unicode.Scalar, variables: Variables) {
        self.escape = escape
        self.variables = variables
    }

    /// The text with everything replaced, and the names of variables that are not set.
    func expand(
        _ text: String, _ budget: inout SubstitutionBudget
    ) throws(SubstitutionError) -> (text: String, unset: [String]) {
        var run = ExpansionRun(self, text, budget)
        let result = try run.readAll()
        budget = run.budget
        return (String(result.text), run.unset)
    }

    /// The same, split at white space that was neither quoted nor escaped.
    ///
    /// The value of a variable is split too, unless it is quoted. There are no empty words.
    func words(
        of text: String, _ budget: inout SubstitutionBudget
    ) throws(SubstitutionError) -> [String] {
        var run = ExpansionRun(self, text, budget)
        let result = try run.readAll()
        budget = run.budget
        return result.words.map { String($0) }
    }
}

/// One text that is being read.
private struct ExpansionRun {
    private let options: Expansion
    private let input: Scalars
    private var index = 0
    private var depth = 0
    private(set) var budget: SubstitutionBudget
    private(set) var unset: [String] = []
    private var unsetNames: Set<Scalars> = []

    /// The result, as one text and as words.
    struct Output {
        private(set) var text = Scalars()
        private(set) var words: [Scalars] = []
        private var word = Scalars()

        /// Adds characters; white space among them ends words.
        mutating func append(_ scalars: some Sequence<Unicode.Scalar>) {
            for scalar in scalars {
                text.append(scalar)
                if scalar.isWhiteSpace { endWord() } else { word.append(scalar) }
            }
        }

        /// Adds characters that are part of a word, white space included.
        mutating func appendQuoted(_ scalars: some Collection<Unicode.Scalar>) {
            text += scalars
            word += scalars
        }

        mutating func endWord() {
            if !word.isEmpty { words.append(word) }
            word = []
        }
    }

    init(_ options: Expansion, _ text: String, _ budget: SubstitutionBudget) {
        self.options = options
        self.budget = budget
        input = Array(text.unicodeScalars)
    }

    mutating func readAll() throws(SubstitutionError) -> Output {
        try read(until: nil, keepsEscapes: options.keepsEscapes)
    }

    private var next: Unicode.Scalar? { index < input.count ? input[index] : nil }

    private mutating func take() -> Unicode.Scalar? {
        guard let scalar = next else { return nil }
        index += 1
        return scalar
    }

    /// Reads to the end, or beyond the next `end` that is neither quoted nor escaped.
    private mutating func read(
        until end: Unicode.Scalar?, keepsEscapes: Bool
    ) throws(SubstitutionError) -> Output {
        depth += 1
        defer { depth -= 1 }
        if depth > Expansion.depthLimit { throw .tooDeep }
        var output = Output()
        while let scalar = take() {
            if scalar == end {
                output.endWord()
                return output
            }
            switch scalar {
            case "$": output.append(try readVariable(keepsEscapes: keepsEscapes))
            case "'" where !options.ignoresQuotes: output.appendQuoted(try readSingleQuoted())
            case "\"" where !options.ignoresQuotes:
                output.appendQuoted(try readDoubleQuoted(keepsEscapes: keepsEscapes))
            case "<": output.appendQuoted(readAngle())
            case options.escape:
                if keepsEscapes { output.appendQuoted([scalar]) }
                if let escaped = take() { output.appendQuoted([escaped]) }
            default: output.append([scalar])
            }
        }
        if let end { throw .missingEnd("'\(end)'") }
        output.endWord()
        return output
    }

    private mutating func readSingleQuoted() throws(SubstitutionError) -> Scalars {
        let start = index
        while let scalar = take() {
            guard scalar == "'" else { continue }
            let text = Array(input[start..<(index - 1)])
            return options.keepsQuotes ? ["'"] + text + ["'"] : text
        }
        throw .missingEnd("single quote")
    }

    private mutating func readDoubleQuoted(
        keepsEscapes: Bool
    ) throws(SubstitutionError) -> Scalars {
        var text: Scalars = options.keepsQuotes ? ["\""] : []
        while let scalar = take() {
            switch scalar {
            case "\"":
                if options.keepsQuotes { text.append("\"") }
                return text
            case "$": text += try readVariable(keepsEscapes: keepsEscapes)
            case options.escape:
                if keepsEscapes { text.append(scalar) }
                guard let escaped = next else { continue }
                if escaped == "\"" || escaped == "$" || escaped == options.escape {
                    index += 1
                    text.append(escaped)
                } else {
                    text.append(scalar)
                }
            default: text.append(scalar)
            }
        }
        throw .missingEnd("double quote")
    }

    /// Reads `<`, or the `<<` of a heredoc with the blanks after it, which do not end the word.
    private mutating func readAngle() -> Scalars {
        guard next == "<" else { return ["<"] }
        index += 1
        let start = index
        while let scalar = next, scalar == " " || scalar == "\t" || scalar == "\r" { index += 1 }
        return ["<", "<"] + input[start..<index]
    }

    // MARK: variables

    /// Reads what follows a `$`.
    private mutating func readVariable(keepsEscapes: Bool) throws(SubstitutionError) -> Scalars {
        guard next == "{" else {
            let name = readName()
            if name.isEmpty { return ["$"] }
            guard let value = try value(of: name) else {
                return options.keepsUnset ? ["$"] + name : []
            }
            return value
        }
        index += 1
        switch next {
        case nil: throw .missingEnd("'}'")
        case "{", "}", ":": throw .badSubstitution
        default: break
        }
        let start = index - 2
        let name = readName()
        let result = try readModifier(of: name)
        guard let result else { return Array(input[start..<index]) }
        return result
    }

    /// Reads the rest of `${name…}`.
    ///
    /// - Returns: nil for a variable that is not set and stays as it is written.
    private mutating func readModifier(of name: Scalars) throws(SubstitutionError) -> Scalars? {
        guard let modifier = take() else { throw .missingEnd("'}'") }
        switch modifier {
        case "}":
            guard let value = try value(of: name) else { return options.keepsUnset ? nil : [] }
            return value
        case ":":
            guard let second = take() else { throw .missingEnd("'}'") }
            guard second == "-" || second == "+" || second == "?" else {
                throw .unknownModifier(":\(second)")
            }
            return try readWord(second, of: name, emptyIsUnset: true)
        case "-", "+", "?": return try readWord(modifier, of: name, emptyIsUnset: false)
        case "#", "%":
            var pattern = try read(until: "}", keepsEscapes: true).text[...]
            guard let value = try value(of: name) else { return options.keepsUnset ? nil : [] }
            let isLongest = pattern.first == modifier
            if isLongest { pattern = pattern.dropFirst() }
            let parsed = try ShellPattern(pattern)
            try budget.spend(parsed.cost(for: value))
            return modifier == "#"
                ? parsed.removingPrefix(of: value, isLongest: isLongest)
                : parsed.removingSuffix(of: value, isLongest: isLongest)
        case "/":
            let isEvery = next == "/"
            if isEvery { index += 1 }
            let pattern = try read(until: "/", keepsEscapes: true).text
            let replacement = try read(until: "}", keepsEscapes: true).text
            guard let value = try value(of: name) else { return options.keepsUnset ? nil : [] }
            let parsed = try ShellPattern(pattern[...])
            try budget.spend(parsed.cost(for: value))
            let result = try parsed.replacing(
                in: value, by: replacement, isEvery: isEvery, limit: budget.rest)
            try budget.spend(result.count)
            return result
        default: throw .unknownModifier(String(modifier))
        }
    }

    private mutating func readWord(
        _ modifier: Unicode.Scalar, of name: Scalars, emptyIsUnset: Bool
    ) throws(SubstitutionError) -> Scalars? {
        let word = try read(until: "}", keepsEscapes: false).text
        let found = try value(of: name, isExpected: false)
        if found == nil, options.keepsUnset { return nil }
        let isSet = found.map { !(emptyIsUnset && $0.isEmpty) } ?? false
        switch modifier {
        case "+": return isSet ? word : []
        case "?" where !isSet:
            let problem = found == nil ? "must be set" : "must not be empty"
            throw .notSet(
                name: String(name), message: word.isEmpty ? problem : String(word))
        default: return isSet ? found : word
        }
    }

    /// A name: letters, digits and `_`; digits alone; or one of the shell's special parameters.
    private mutating func readName() -> Scalars {
        let start = index
        guard let first = next else { return [] }
        if first.isDigit {
            while let scalar = next, scalar.isDigit { index += 1 }
        } else if "@*#?-$!".unicodeScalars.contains(first) {
            index += 1
        } else {
            while let scalar = next, scalar.isLetter || scalar.isDigit || scalar == "_" {
                index += 1
            }
        }
        return Array(input[start..<index])
    }

    /// - Parameter isExpected: whether the text has no replacement for a variable that is not set.
    private mutating func value(
        of name: Scalars, isExpected: Bool = true
    ) throws(SubstitutionError) -> Scalars? {
        guard let value = variables[String(name)] else {
            if isExpected, unsetNames.insert(name).inserted { unset.append(String(name)) }
            return nil
        }
        try budget.spend(value.utf8.count)
        return Array(value.unicodeScalars)
    }

    private var variables: Variables { options.variables }
}

extension Unicode.Scalar {
    fileprivate var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }

    fileprivate var isDigit: Bool { properties.generalCategory == .decimalNumber }
}

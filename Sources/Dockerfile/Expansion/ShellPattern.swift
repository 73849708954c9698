/// A pattern of `${name#pattern}`: `*` is any text, `?` any character, neither a newline.
///
/// Bracket classes are not supported. Matching takes time proportional to the product of the two
/// lengths.
struct ShellPattern {
    private enum Part {
        case character(Unicode.Scalar)
        case any
        case star

        func matches(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .character(let character): character == scalar
            case .any: scalar != "\n"
            case .star: false
            }
        }
    }

    private let parts: [Part]

    /// - Throws: `SubstitutionError.badPattern` for an escape of anything but `*`, `?`, `\`, `/` and
    ///   `}`.
    init(_ pattern: ArraySlice<Unicode.Scalar>) throws(SubstitutionError) {
        var parts: [Part] = []
        var rest = pattern
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": parts.append(.star)
            case "?": parts.append(.any)
            case "\\":
                // In `\}` and `\/` the escape is that of the substitution.
                guard let escaped = rest.popFirst(), "*?\\}/".unicodeScalars.contains(escaped)
                else { throw .badPattern(String(pattern)) }
                parts.append(.character(escaped))
            default: parts.append(.character(scalar))
            }
        }
        self.parts = parts
    }

    private init(parts: [Part]) {
        self.parts = parts
    }

    /// The number of comparisons that a match takes at most.
    func cost(for value: Scalars) -> Int { (value.count + 1) * (parts.count + 1) }

    func removingPrefix(of value: Scalars, isLongest: Bool) -> Scalars {
        guard let end = end(in: value[...], isLongest: isLongest) else { return value }
        return Array(value[end...])
    }

    func removingSuffix(of value: Scalars, isLongest: Bool) -> Scalars {
        let reversed = ShellPattern(parts: parts.reversed())
        return reversed.removingPrefix(of: value.reversed(), isLongest: isLongest).reversed()
    }

    /// Replaces the first match, or every match; matches are as long as possible.
    ///
    /// - Throws: `SubstitutionError.tooMuch` for a result of more than `limit` characters.
    func replacing(
        in value: Scalars, by replacement: Scalars, isEvery: Bool, limit: Int
    ) throws(SubstitutionError) -> Scalars {
        let beginnings = matchBeginnings(in: value)
        var result = Scalars()
        var index = 0
        /// The end of the last match. An empty match at this position does not count.
        var last: Int?
        while index <= value.count {
            if beginnings[index], let end = end(in: value[index...], isLongest: true),
                !(end == index && last == index)
            {
                result += replacement
                if result.count > limit { throw .tooMuch }
                last = end
                if !isEvery { return result + value[end...] }
                if end > index {
                    index = end
                    continue
                }
            }
            if index < value.count { result.append(value[index]) }
            index += 1
        }
        return result
    }

    /// The end of a match at the beginning of the text; nil without a match.
    private func end(in text: ArraySlice<Unicode.Scalar>, isLongest: Bool) -> Int? {
        var states = [Bool](repeating: false, count: parts.count + 1)
        enter(0, &states)
        var found: Int? = states[parts.count] ? text.startIndex : nil
        if found != nil, !isLongest { return found }
        for index in text.indices {
            guard states.contains(true) else { break }
            step(&states, text[index])
            if states[parts.count] {
                found = index + 1
                if !isLongest { return found }
            }
        }
        return found
    }

    /// For each position of the value, and its end, whether a match begins there.
    private func matchBeginnings(in value: Scalars) -> [Bool] {
        let reversed = ShellPattern(parts: parts.reversed())
        var beginnings = [Bool](repeating: false, count: value.count + 1)
        var states = [Bool](repeating: false, count: parts.count + 1)
        for index in stride(from: value.count, through: 0, by: -1) {
            if index < value.count { reversed.step(&states, value[index]) }
            reversed.enter(0, &states)
            beginnings[index] = states[parts.count]
        }
        return beginnings
    }

    private func step(_ states: inout [Bool], _ scalar: Unicode.Scalar) {
        var next = [Bool](repeating: false, count: parts.count + 1)
        for (index, part) in parts.enumerated() where states[index] {
            if case .star = part {
                if scalar != "\n" { enter(index, &next) }
            } else if part.matches(scalar) {
                enter(index + 1, &next)
            }
        }
        states = next
    }

    /// Marks a part as the next one, and the parts after it while they may match nothing.
    private func enter(_ index: Int, _ states: inout [Bool]) {
        for index in index... {
            states[index] = true
            guard index < parts.count, case .star = parts[index] else { return }
        }
    }
}

extension Glob {
    /// Whether the characters match as a whole; also for a glob with assertions.
    func matches(whole characters: [UInt32]) -> Bool {
        var states = [Bool](repeating: false, count: parts.count + 1)
        states[0] = true
        // The `**` parts that have begun and not ended.
        var inside = [Bool](repeating: false, count: parts.count)
        var before: UInt32?
        for character in characters {
            passEmpties(&states, between: before, and: character)
            var next = [Bool](repeating: false, count: parts.count + 1)
            for (index, part) in parts.enumerated() where states[index] || inside[index] {
                switch part {
                case .character, .one, .optional:
                    if part.matches(character) { next[index + 1] = true }
                case .many: if part.matches(character) { next[index] = true }
                case .directories:
                    inside[index] = part.matches(character)
                    if character == UInt32(UInt8(ascii: "/")) { next[index + 1] = true }
                case .assertion: break
                }
            }
            states = next
            before = character
        }
        passEmpties(&states, between: before, and: nil)
        return states[parts.count]
    }

    private func passEmpties(
        _ states: inout [Bool], between before: UInt32?, and after: UInt32?
    ) {
        for (index, part) in parts.enumerated() where states[index] {
            let isPassed =
                if case .assertion(let assertion) = part {
                    assertion.holds(between: before, and: after)
                } else {
                    part.mayBeEmpty
                }
            if isPassed { states[index + 1] = true }
        }
    }
}

extension Glob.Assertion {
    /// - Parameters: the characters on both sides, nil at the ends.
    fileprivate func holds(between before: UInt32?, and after: UInt32?) -> Bool {
        switch self {
        case .start: before == nil
        case .end: after == nil
        case .wordBoundary(let isNegated):
            (before.isWordCharacter != after.isWordCharacter) != isNegated
        }
    }
}

extension UInt32? {
    fileprivate var isWordCharacter: Bool {
        guard let self, let scalar = Unicode.Scalar(self) else { return false }
        return ("0"..."9").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("a"..."z").contains(scalar) || scalar == "_"
    }
}

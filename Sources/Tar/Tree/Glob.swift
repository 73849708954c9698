/// A pattern in parts. Matching takes time proportional to the lengths of pattern and path: the
/// parts that may come next are a set of bits, which each character advances.
struct Glob: Sendable {
    enum Part: Sendable {
        case character(UInt32)
        case one(CharacterClass)
        /// One character or no character.
        case optional(CharacterClass)
        /// Any number of characters, including none.
        case many(CharacterClass)
        /// `**`: nothing, or anything without a newline that ends with a slash.
        case directories
        /// No character, but a condition.
        case assertion(Assertion)

        /// Whether it matches a character.
        func matches(_ character: UInt32) -> Bool {
            switch self {
            case .character(let literal):
                // A byte that is not UTF-8 is U+FFFD in the expression, as in Go.
                character == literal
                    || (literal == CharacterClass.replacement && character > 0x10_FFFF)
            case .one(let members), .optional(let members), .many(let members):
                members.contains(character)
            case .directories: character != Glob.newline
            case .assertion: false
            }
        }

        /// Whether it may match no character.
        var mayBeEmpty: Bool {
            switch self {
            case .optional, .many, .directories: true
            case .character, .one, .assertion: false
            }
        }
    }

    /// A condition between two characters.
    enum Assertion: Sendable {
        case start
        case end
        /// Exactly one side has a character of `[0-9A-Za-z_]`.
        case wordBoundary(isNegated: Bool)
    }

    /// A set of parts for each kind of step.
    private struct Step: Sendable {
        /// Parts that match the character and then end.
        var ends: [UInt64]
        /// Parts that match the character and may continue or end.
        var stays: [UInt64]
        /// `**` before another part, which ends only after a slash.
        var stages: [UInt64]
    }

    /// A step of a pattern whose sets have one word, as in nearly all patterns.
    private struct SmallStep: Sendable {
        let ends: UInt64
        let stays: UInt64
        let stages: UInt64

        init(_ step: Step) {
            ends = step.ends[0]
            stays = step.stays[0]
            stages = step.stages[0]
        }
    }

    private static let slash = UInt32(UInt8(ascii: "/"))
    private static let newline = UInt32(UInt8(ascii: "\n"))

    let parts: [Part]
    private let steps: [Step]
    /// The steps of a pattern of one word; empty for others.
    private let smallSteps: [SmallStep]
    private let empties: [UInt64]
    /// The number of words for a set of parts, including the end.
    let wordCount: Int
    /// The text at the end of a matching path.
    let tail: [UInt8]

    init(_ parts: [Part]) {
        self.parts = parts
        let wordCount = parts.count / 64 + 1
        self.wordCount = wordCount
        let steps = (0..<128).map { Glob.step(UInt32($0), parts, wordCount) }
        self.steps = steps
        smallSteps = wordCount == 1 ? steps.map(SmallStep.init) : []
        empties = Glob.set(parts, wordCount) { $0.mayBeEmpty }
        var tail: [UInt8] = []
        for case .character(let character) in parts.reversed().prefix(while: {
            if case .character(let character) = $0 { character < 0x80 } else { false }
        }) {
            tail.append(UInt8(truncatingIfNeeded: character))
        }
        self.tail = tail.reversed()
    }

    /// Whether it must be matched as a whole.
    var hasAssertions: Bool {
        parts.contains { if case .assertion = $0 { true } else { false } }
    }

    /// The set of parts that a path can begin with.
    func begin(_ states: UnsafeMutablePointer<UInt64>) {
        for word in 0..<wordCount { states[word] = 0 }
        states[0] = 1
        passEmpties(states)
    }

    /// Moves the set on by some characters.
    func advance(_ states: UnsafeMutablePointer<UInt64>, by characters: UnsafeBufferPointer<UInt32>)
    {
        if !smallSteps.isEmpty {
            states[0] = advance(states[0], by: characters)
            return
        }
        for character in characters {
            if character < 128 {
                advance(states, steps[Int(character)])
            } else {
                advance(states, Glob.step(character, parts, wordCount))
            }
        }
    }

    /// Whether a name without slashes matches as a whole.
    func matches(name: [UInt8]) -> Bool {
        var states = [UInt64](repeating: 0, count: wordCount)
        let characters = Glob.characters(of: name)
        return states.withUnsafeMutableBufferPointer { states in
            guard let start = states.baseAddress else { return false }
            begin(start)
            characters.withUnsafeBufferPointer { advance(start, by: $0) }
            return isMatch(start)
        }
    }

    private func advance(
        _ states: UInt64, by characters: UnsafeBufferPointer<UInt32>
    ) -> UInt64 {
        let empties = empties[0]
        return smallSteps.withUnsafeBufferPointer { steps in
            var states = states
            for character in characters {
                let step =
                    character < 128
                    ? steps[Int(character)]
                    : SmallStep(Glob.step(character, parts, wordCount))
                var next = (states & step.ends) << 1 | states & step.stays
                while true {
                    let more = next | (next & empties) << 1
                    if more == next { break }
                    next = more
                }
                states = next | states & step.stages
                if states == 0 { break }
            }
            return states
        }
    }

    /// Whether the characters so far match.
    func isMatch(_ states: UnsafeMutablePointer<UInt64>) -> Bool {
        states[parts.count / 64] & 1 << UInt64(parts.count % 64) != 0
    }

    private func advance(_ states: UnsafeMutablePointer<UInt64>, _ step: Step) {
        let old = (0..<wordCount).map { states[$0] }
        var carry: UInt64 = 0
        for word in 0..<wordCount {
            let ends = old[word] & step.ends[word]
            states[word] = ends << 1 | carry | old[word] & step.stays[word]
            carry = ends >> 63
        }
        passEmpties(states)
        for word in 0..<wordCount { states[word] |= old[word] & step.stages[word] }
    }

    /// Adds the parts after those that may match no character.
    private func passEmpties(_ states: UnsafeMutablePointer<UInt64>) {
        var isChanged = true
        while isChanged {
            isChanged = false
            var carry: UInt64 = 0
            for word in 0..<wordCount {
                let empty = states[word] & empties[word]
                let more = empty << 1 | carry
                carry = empty >> 63
                if more & ~states[word] != 0 {
                    states[word] |= more
                    isChanged = true
                }
            }
        }
    }

    private static func set(
        _ parts: [Part], _ wordCount: Int, where isIn: (Part) -> Bool
    ) -> [UInt64] {
        var set = [UInt64](repeating: 0, count: wordCount)
        for (index, part) in parts.enumerated() where isIn(part) {
            set[index / 64] |= 1 << UInt64(index % 64)
        }
        return set
    }

    private static func step(_ character: UInt32, _ parts: [Part], _ wordCount: Int) -> Step {
        Step(
            ends: set(parts, wordCount) { part in
                switch part {
                case .character, .one, .optional: part.matches(character)
                case .directories: character == slash
                case .many, .assertion: false
                }
            },
            stays: set(parts, wordCount) { part in
                if case .many = part { part.matches(character) } else { false }
            },
            stages: set(parts, wordCount) { part in
                if case .directories = part { part.matches(character) } else { false }
            })
    }

    /// Converts bytes to Unicode scalars, and bytes that are not UTF-8 to numbers above them.
    static func characters(
        of text: some RandomAccessCollection<UInt8>
    ) -> [UInt32] {
        var characters: [UInt32] = []
        characters.reserveCapacity(text.count)
        if text.allSatisfy({ $0 < 0x80 }) {
            characters.append(contentsOf: text.lazy.map { UInt32($0) })
            return characters
        }
        var rest = Array(text)[...]
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

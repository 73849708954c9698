/// One pattern, in the form in which it is matched fastest.
enum PathPattern: Sendable {
    /// The path itself.
    case exact([UInt8])
    /// `NAME**`: what begins so.
    case prefix([UInt8])
    /// `**NAME`: what ends so. `isComponent`: NAME began with a slash, and may be the whole path.
    case suffix([UInt8], isComponent: Bool)
    case glob(Glob)

    /// - Returns: nil when the pattern is malformed.
    init?(_ pattern: [UInt8]) {
        guard let glob = Glob(pattern) else { return nil }
        let special = Set("*?[]\\".utf8)
        let stars = Array("**".utf8)
        if !pattern.contains(where: special.contains) {
            self = .exact(pattern)
        } else if pattern.starts(with: stars),
            !pattern.dropFirst(2).contains(where: special.contains)
        {
            let isComponent = pattern.count > 2 && pattern[2] == UInt8(ascii: "/")
            self = .suffix(Array(pattern.dropFirst(isComponent ? 3 : 2)), isComponent: isComponent)
        } else if pattern.suffix(2).elementsEqual(stars),
            !pattern.dropLast(2).contains(where: special.contains)
        {
            self = .prefix(pattern.dropLast(2))
        } else {
            self = .glob(glob)
        }
    }

    /// Number of words for the states of a glob.
    var wordCount: Int {
        if case .glob(let glob) = self { glob.wordCount } else { 0 }
    }

    /// The text that every matching path ends with.
    var tail: [UInt8] {
        switch self {
        case .exact(let name), .suffix(let name, _): name
        case .prefix: []
        case .glob(let glob): glob.tail
        }
    }

    /// Whether a path matches, of a pattern that is no glob.
    func matches(_ path: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .exact(let name): return path.elementsEqual(name)
        case .prefix(let prefix): return path.starts(with: prefix)
        case .suffix(let suffix, let isComponent):
            guard path.count >= suffix.count,
                path[(path.count - suffix.count)...].elementsEqual(suffix)
            else { return false }
            let before = path.count - suffix.count - 1
            return !isComponent || before < 0 || path[before] == UInt8(ascii: "/")
        case .glob: return false
        }
    }
}

/// A pattern in parts, matched in a time that grows with the length of pattern and path alone: which
/// parts may come next is a set of bits, moved on by each character.
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

        /// Whether it may be no character at all.
        var mayBeEmpty: Bool {
            switch self {
            case .name, .directories, .everything: true
            case .character, .any, .characterClass: false
            }
        }
    }

    /// A set of parts for each kind of step.
    private struct Step: Sendable {
        /// Parts that match the character and then end.
        var ends: [UInt64]
        /// Parts that match it and may go on or end.
        var stays: [UInt64]
        /// `**` before something else, which is over only after a slash.
        var stages: [UInt64]
    }

    /// A step of a pattern whose sets have one word, as nearly all have.
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
    private static let star = UInt32(UInt8(ascii: "*"))
    private static let questionMark = UInt32(UInt8(ascii: "?"))
    private static let open = UInt32(UInt8(ascii: "["))
    private static let close = UInt32(UInt8(ascii: "]"))
    private static let caret = UInt32(UInt8(ascii: "^"))
    private static let dash = UInt32(UInt8(ascii: "-"))
    private static let escape = UInt32(UInt8(ascii: "\\"))

    private let parts: [Part]
    private let steps: [Step]
    /// The steps of a pattern of one word; empty for others.
    private let smallSteps: [SmallStep]
    private let empties: [UInt64]
    /// Number of words for a set of parts, the end included.
    let wordCount: Int
    /// The text at the end of a matching path.
    let tail: [UInt8]

    /// - Returns: nil when a class or an escape has no end, or a range is empty.
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

    /// Whether everything so far is a match.
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

    /// Adds the parts behind those that may be nothing.
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
        let isSlash = character == slash
        return Step(
            ends: set(parts, wordCount) { part in
                switch part {
                case .character(let literal): character == literal
                case .any: !isSlash
                case .characterClass(let ranges, let isNegated):
                    ranges.contains { $0.contains(character) } != isNegated
                case .directories: isSlash
                case .name, .everything: false
                }
            },
            stays: set(parts, wordCount) { part in
                switch part {
                case .name: !isSlash
                // The reference's `.` does not match a newline.
                case .everything: character != newline
                case .character, .any, .characterClass, .directories: false
                }
            },
            stages: set(parts, wordCount) { part in
                if case .directories = part { character != newline } else { false }
            })
    }

    /// Reads `^a-z…]`.
    ///
    /// - Returns: nil when the class has no end, is empty, or has a range that ends before it begins.
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
            guard low <= high else { return nil }
            ranges.append(low...high)
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

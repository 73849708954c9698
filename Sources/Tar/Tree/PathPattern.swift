/// One pattern, in the form that can be matched fastest.
///
/// - Spec: moby/patternmatcher at 5a6d842.
enum PathPattern: Sendable {
    /// The path itself.
    case exact([UInt8])
    /// `NAME**`: paths that begin with NAME.
    case prefix([UInt8])
    /// `**NAME`: paths that end with NAME. `isComponent`: NAME begins with a slash, and may be the
    /// whole path.
    case suffix([UInt8], isComponent: Bool)
    /// Matched component by component.
    case glob(Glob)
    /// Several alternatives, or a glob with assertions: matched as a whole.
    case whole([Glob])

    /// - Parameter pattern: valid for `WildcardSyntax`.
    /// - Returns: nil when its regular expression is malformed.
    init?(_ pattern: [UInt8]) {
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
            let text = PatternExpression.text(of: pattern)
            guard let globs = ExpressionParser.alternatives(of: text)?.map(Glob.init) else {
                return nil
            }
            if globs.count == 1, let glob = globs.first, !glob.hasAssertions {
                self = .glob(glob)
            } else {
                self = .whole(globs)
            }
        }
    }

    /// The number of words of the states of a glob.
    var wordCount: Int {
        if case .glob(let glob) = self { glob.wordCount } else { 0 }
    }

    /// The text with which every matching path ends.
    var tail: [UInt8] {
        switch self {
        case .exact(let name), .suffix(let name, _): name
        case .prefix: []
        case .glob(let glob): glob.tail
        case .whole(let globs): globs.count == 1 ? globs[0].tail : []
        }
    }

    /// Whether a path matches a pattern without states.
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
        case .whole(let globs):
            let characters = Glob.characters(of: path)
            return globs.contains { $0.matches(whole: characters) }
        case .glob: return false
        }
    }
}

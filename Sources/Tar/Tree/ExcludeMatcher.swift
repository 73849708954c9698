/// Matches the paths of a walk, a directory's before those in it.
///
/// What the patterns make of a directory's path is kept while the walk is in it, so that each path
/// costs no more than its last component.
struct ExcludeMatcher {
    private struct Level {
        /// Whether each pattern matches the directory or one above it.
        var isMatched: [Bool]
        /// The states of the globs behind the directory's slash, one after the other.
        var states: [UInt64]
    }

    private let patterns: [ExcludePatterns.Pattern]
    private var levels: [Level] = []
    private let hasGlobs: Bool

    init(_ excludes: ExcludePatterns) {
        patterns = excludes.patterns
        var top = Level(
            isMatched: Array(repeating: false, count: patterns.count),
            states: Array(
                repeating: 0, count: patterns.reduce(0) { $0 + $1.matcher.wordCount }))
        hasGlobs = !top.states.isEmpty
        let matchers = patterns.map(\.matcher)
        top.states.withUnsafeMutableBufferPointer { states in
            var offset = 0
            for case .glob(let glob) in matchers {
                if let base = states.baseAddress { glob.begin(base + offset) }
                offset += glob.wordCount
            }
        }
        levels = [top]
    }

    var isEmpty: Bool { patterns.isEmpty }

    /// Whether a path of the current directory is left out.
    ///
    /// - Parameters:
    ///   - path: relative to the source, without a trailing slash.
    ///   - nameOffset: where its last component begins.
    func excludes(_ path: UnsafeRawBufferPointer, nameOffset: Int) -> Bool {
        guard let level = levels.last else { return false }
        let characters = hasGlobs ? Glob.characters(of: path[nameOffset...]) : []
        var offset = 0
        var isExcluded = false
        for (index, pattern) in patterns.enumerated() {
            defer { offset += pattern.matcher.wordCount }
            if pattern.isException != isExcluded { continue }
            if level.isMatched[index]
                || matches(path, characters, pattern.matcher, level.states, offset)
            {
                isExcluded.toggle()
            }
        }
        return isExcluded
    }

    private func matches(
        _ path: UnsafeRawBufferPointer, _ characters: [UInt32], _ pattern: PathPattern,
        _ states: [UInt64], _ offset: Int
    ) -> Bool {
        guard case .glob(let glob) = pattern else { return pattern.matches(path) }
        if path.count < glob.tail.count
            || !path[(path.count - glob.tail.count)...].elementsEqual(glob.tail)
        {
            return false
        }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: glob.wordCount) { room in
            guard let base = room.baseAddress else { return false }
            for word in 0..<glob.wordCount { (base + word).initialize(to: states[offset + word]) }
            characters.withUnsafeBufferPointer { glob.advance(base, by: $0) }
            return glob.isMatch(base)
        }
    }

    /// Enters a directory of the current one.
    ///
    /// - Parameters: as of `excludes`.
    mutating func enter(_ path: UnsafeRawBufferPointer, nameOffset: Int) {
        guard var level = levels.last else { return }
        let characters = hasGlobs ? Glob.characters(of: path[nameOffset...]) : []
        let slash = [UInt32(UInt8(ascii: "/"))]
        var offset = 0
        for (index, pattern) in patterns.enumerated() {
            if case .glob(let glob) = pattern.matcher {
                level.states.withUnsafeMutableBufferPointer { states in
                    guard let base = states.baseAddress.map({ $0 + offset }) else { return }
                    characters.withUnsafeBufferPointer { glob.advance(base, by: $0) }
                    if glob.isMatch(base) { level.isMatched[index] = true }
                    slash.withUnsafeBufferPointer { glob.advance(base, by: $0) }
                }
                offset += glob.wordCount
            } else if pattern.matcher.matches(path) {
                level.isMatched[index] = true
            }
        }
        levels.append(level)
    }

    /// Leaves the directory that was entered last.
    mutating func leave() {
        if levels.count > 1 { levels.removeLast() }
    }
}

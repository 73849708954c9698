import Glibc

/// Matches the paths of a walk; a directory comes before its contents.
///
/// The states of the patterns after a directory's path are kept while the walk is in it, so that
/// matching a path takes only its last component.
struct ExcludeMatcher {
    private struct Level {
        /// Whether each pattern matches the directory or one above it.
        var isMatched: [Bool]
        /// The states of all globs after the directory's slash, one after the other.
        var states: [UInt64]
    }

    /// The part of a pattern that is checked for every path. It has no reference counts.
    private struct Outline {
        let isException: Bool
        /// Offset and length in `tails` of the text that a matching path ends with.
        let tailOffset: Int
        let tailCount: Int
        /// Offset of the pattern's states in those of a level.
        let stateOffset: Int
    }

    private let patterns: [ExcludePatterns.Pattern]
    private let outlines: [Outline]
    private let tails: [UInt8]
    private var levels: [Level] = []
    private let hasGlobs: Bool

    init(_ excludes: ExcludePatterns) {
        patterns = excludes.patterns
        var top = Level(
            isMatched: Array(repeating: false, count: patterns.count),
            states: Array(
                repeating: 0, count: patterns.reduce(0) { $0 + $1.matcher.wordCount }))
        hasGlobs = !top.states.isEmpty
        var outlines: [Outline] = []
        var tails: [UInt8] = []
        var stateOffset = 0
        for pattern in patterns {
            let tail = pattern.matcher.tail
            outlines.append(
                Outline(
                    isException: pattern.isException, tailOffset: tails.count,
                    tailCount: tail.count, stateOffset: stateOffset))
            tails += tail
            stateOffset += pattern.matcher.wordCount
        }
        self.outlines = outlines
        self.tails = tails
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
    ///   - nameOffset: the offset of its last component.
    func excludes(_ path: UnsafeRawBufferPointer, nameOffset: Int) -> Bool {
        guard let level = levels.last else { return false }
        var characters: [UInt32]?
        var isExcluded = false
        tails.withUnsafeBytes { tails in
            for (index, outline) in outlines.enumerated() {
                if outline.isException != isExcluded { continue }
                if level.isMatched[index] {
                    isExcluded.toggle()
                    continue
                }
                let tail = outline.tailOffset..<(outline.tailOffset + outline.tailCount)
                guard path.ends(with: UnsafeRawBufferPointer(rebasing: tails[tail])) else {
                    continue
                }
                if matches(path, nameOffset, &characters, index, level.states) {
                    isExcluded.toggle()
                }
            }
        }
        return isExcluded
    }

    /// - Parameter characters: the characters of the last component, decoded on first use.
    private func matches(
        _ path: UnsafeRawBufferPointer, _ nameOffset: Int, _ characters: inout [UInt32]?,
        _ index: Int, _ states: [UInt64]
    ) -> Bool {
        let pattern = patterns[index].matcher
        guard case .glob(let glob) = pattern else { return pattern.matches(path) }
        let name = characters ?? Glob.characters(of: path[nameOffset...])
        characters = name
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: glob.wordCount) { room in
            guard let base = room.baseAddress else { return false }
            let offset = outlines[index].stateOffset
            for word in 0..<glob.wordCount { (base + word).initialize(to: states[offset + word]) }
            name.withUnsafeBufferPointer { glob.advance(base, by: $0) }
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

extension UnsafeRawBufferPointer {
    fileprivate func ends(with tail: UnsafeRawBufferPointer) -> Bool {
        guard !tail.isEmpty, let theirs = tail.baseAddress else { return true }
        guard count >= tail.count, let mine = baseAddress,
            self[count - 1] == tail[tail.count - 1]
        else { return false }
        return memcmp(mine + (count - tail.count), theirs, tail.count) == 0
    }
}

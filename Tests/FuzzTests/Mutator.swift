import TestSupport

/// Changes seeds at random, but the same in every run.
struct Mutator {
    private let seeds: [[UInt8]]
    private var generator = SeededGenerator(1)

    init(seeds: [[UInt8]]) {
        self.seeds = seeds
    }

    mutating func next() -> [UInt8] {
        var bytes = seeds.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let position = Int.random(in: 0...bytes.count, using: &generator)
        let count = min(bytes.count - position, Int.random(in: 0...64, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: if position < bytes.count { bytes[position] ^= 1 << UInt8(count & 7) }
        case 1: if position < bytes.count { bytes[position] = interesting() }
        case 2: bytes.removeSubrange(position..<(position + count))
        case 3: bytes.insert(contentsOf: bytes[position..<(position + count)], at: position)
        case 4: bytes.insert(interesting(), at: position)
        case 5: bytes.removeLast(count)
        default:
            let other = seeds.randomElement(using: &generator) ?? []
            bytes.replaceSubrange(
                position..<(position + count), with: other.dropFirst(position).prefix(count))
        }
    }

    /// Bytes that are special in one of the formats.
    private mutating func interesting() -> UInt8 {
        Array("\0\u{7F}\n\t \"\\/.,:;=@%-+0179aAx{}[]<>*?!#^".utf8).randomElement(using: &generator)
            ?? 0
    }
}

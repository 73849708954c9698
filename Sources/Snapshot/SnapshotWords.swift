/// The words of a line.
struct SnapshotWords {
    private var rest: UnsafeRawBufferPointer.SubSequence

    init(_ line: UnsafeRawBufferPointer) {
        rest = line[...]
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        rest = rest.drop(while: SnapshotWords.isBlank)
        if rest.isEmpty { return nil }
        let word = rest.prefix { !SnapshotWords.isBlank($0) }
        rest = rest[word.endIndex...]
        return UnsafeRawBufferPointer(rebasing: word)
    }

    /// The two sides of the first equals sign; nil without one.
    static func pair(
        _ word: UnsafeRawBufferPointer
    ) -> (keyword: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        guard let equals = word.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return (
            UnsafeRawBufferPointer(rebasing: word[..<equals]),
            UnsafeRawBufferPointer(rebasing: word[(equals + 1)...])
        )
    }
}

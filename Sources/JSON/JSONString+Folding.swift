extension JSONString {
    /// Whether this differs from `key`, but programs in Go treat it as `key`.
    ///
    /// Go's parser ignores case in known keys, and treats U+017F as `s` and U+212A as `k`. So a
    /// document with both keys has two meanings.
    ///
    /// - Parameter key: in ASCII, like all keys of the specifications.
    /// - Spec: Go's encoding/json, Unmarshal, "accepting a case-insensitive match".
    public func isOtherSpelling(of key: JSONString) -> Bool {
        // A folded letter has at least one byte, and the two special ones have two and three.
        guard utf8.count >= key.utf8.count, utf8.count <= 3 * key.utf8.count else { return false }
        var rest = utf8[...]
        for wanted in key.utf8 {
            guard let folded = JSONString.foldedLetter(&rest), folded == lowercase(wanted) else {
                return false
            }
        }
        return rest.isEmpty && self != key
    }

    /// Removes the next letter from `bytes`; nil when it does not fold to ASCII.
    private static func foldedLetter(_ bytes: inout ArraySlice<UInt8>) -> UInt8? {
        guard let first = bytes.first else { return nil }
        if first < 0x80 {
            bytes.removeFirst()
            return lowercase(first)
        }
        if bytes.starts(with: "\u{17F}".utf8) {
            bytes.removeFirst(2)
            return UInt8(ascii: "s")
        }
        if bytes.starts(with: "\u{212A}".utf8) {
            bytes.removeFirst(3)
            return UInt8(ascii: "k")
        }
        return nil
    }
}

private func lowercase(_ byte: UInt8) -> UInt8 {
    byte.isCapitalLetter ? byte | 0x20 : byte
}

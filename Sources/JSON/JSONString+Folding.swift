extension JSONString {
    /// Whether this is another key than `key`, and programs in Go read it as `key`.
    ///
    /// Their parser takes a key for a known one whatever the case of its letters; U+017F is an `s`
    /// and U+212A a `k` to it. So a document that has both would be two documents.
    ///
    /// - Parameter key: in ASCII, as all keys of the specifications are.
    /// - Spec: Go's encoding/json, Unmarshal, "accepting a case-insensitive match".
    public func isOtherSpelling(of key: JSONString) -> Bool {
        // No letter folds to fewer bytes, and the two that are longer have two and three.
        guard utf8.count >= key.utf8.count, utf8.count <= 3 * key.utf8.count else { return false }
        var rest = utf8[...]
        for wanted in key.utf8 {
            guard let folded = JSONString.foldedLetter(&rest), folded == lowercase(wanted) else {
                return false
            }
        }
        return rest.isEmpty && self != key
    }

    /// Takes the next letter from `bytes`; nil when it is not one that folds to ASCII.
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
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
}

extension Heredoc {
    /// Reads the word that announces a heredoc: `<<NAME`, `<<-NAME`, `<<"NAME"`.
    ///
    /// - Returns: nil for any other word.
    init?(word: String) {
        var rest = Array(word.unicodeScalars)[...]
        rest = rest.drop { ("0"..."9").contains($0) }
        guard rest.starts(with: "<<".unicodeScalars) else { return nil }
        rest = rest.dropFirst(2)
        dropsTabs = rest.first == "-"
        if dropsTabs { rest = rest.dropFirst() }
        rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\u{0C}" }
        guard !rest.isEmpty, !rest.contains("<") else { return nil }
        var expansion = Expansion(escape: "\\", variables: Variables())
        expansion.keepsUnset = true
        var budget = SubstitutionBudget()
        let words: [String]
        let quoted: [String]
        do {
            words = try expansion.words(of: String(rest), &budget)
            expansion.keepsQuotes = true
            quoted = try expansion.words(of: String(rest), &budget)
        } catch {
            return nil
        }
        guard words.count == 1, quoted.count == 1 else { return nil }
        name = words[0]
        isExpanded = Heredoc.quoteCount(words[0]) == Heredoc.quoteCount(quoted[0])
    }

    private static func quoteCount(_ text: String) -> Int {
        text.unicodeScalars.count { $0 == "'" || $0 == "\"" }
    }

    /// The heredocs that the words of a line announce.
    static func all(
        in line: String, at position: SourcePosition
    ) throws(DockerfileError) -> [Heredoc] {
        guard line.utf8.contains(UInt8(ascii: "<")) else { return [] }
        var expansion = Expansion(escape: "\\", variables: Variables())
        expansion.keepsUnset = true
        expansion.keepsQuotes = true
        expansion.keepsEscapes = true
        var budget = SubstitutionBudget()
        do {
            return try expansion.words(of: line, &budget).compactMap { Heredoc(word: $0) }
        } catch {
            // A line with an unclosed quote is left to the shell and announces no heredoc.
            return []
        }
    }
}

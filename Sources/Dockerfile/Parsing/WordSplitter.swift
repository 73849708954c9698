/// Splits the rest of an instruction's line into flags and words.
struct WordSplitter {
    private let line: Scalars
    private let escape: Unicode.Scalar

    init(_ line: LogicalLine, escape: Unicode.Scalar) {
        self.line = line.scalars
        self.escape = escape
    }

    /// The flags from `start` on, and the offset of the text after them.
    ///
    /// A flag begins with `--`; `--` by itself ends them. Quotes and escapes are removed.
    func flags(from start: Int) -> (flags: [Word], rest: Int) {
        var flags: [Word] = []
        var index = start
        while true {
            while index < line.count, line[index].isWhiteSpace { index += 1 }
            guard index + 1 < line.count, line[index] == "-", line[index + 1] == "-" else {
                return (flags, index)
            }
            let first = index
            let text = unquotedWord(&index)
            if text == "--" { return (flags, index) }
            flags.append(Word(text, at: first))
        }
    }

    /// Reads to the next white space outside quotes.
    private func unquotedWord(_ index: inout Int) -> String {
        var text = Scalars()
        var quote: Unicode.Scalar?
        while index < line.count {
            let scalar = line[index]
            if quote == nil, scalar.isWhiteSpace { break }
            index += 1
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalar == escape {
                if index < line.count {
                    text.append(line[index])
                    index += 1
                }
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }

    /// Words between white space, quotes and escapes kept.
    func quotedWords(from start: Int) -> [Word] {
        var words: [Word] = []
        var index = start
        while true {
            while index < line.count, line[index].isWhiteSpace { index += 1 }
            if index == line.count { return words }
            let first = index
            let text = quotedWord(&index)
            // A final escape character alone makes no word.
            if !text.isEmpty { words.append(Word(String(text), at: first)) }
        }
    }

    private func quotedWord(_ index: inout Int) -> Scalars {
        var text = Scalars()
        var quote: Unicode.Scalar?
        while index < line.count {
            let scalar = line[index]
            if quote == nil, scalar.isWhiteSpace { break }
            index += 1
            if scalar == escape, quote != "'" {
                // An escape character at the end is ignored.
                guard index < line.count else { break }
                text.append(scalar)
                text.append(line[index])
                index += 1
                continue
            }
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            }
            text.append(scalar)
        }
        return text
    }

    /// Words between blanks; quotes have no meaning.
    func plainWords(from start: Int) -> [Word] {
        var words: [Word] = []
        var index = start
        while index < line.count {
            let first = index
            while index < line.count, !line[index].isBlank { index += 1 }
            words.append(Word(String(line[first..<index]), at: first))
            while index < line.count, line[index].isBlank { index += 1 }
        }
        return words
    }
}

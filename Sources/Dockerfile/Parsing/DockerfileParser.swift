import JSON

/// A Dockerfile as its instructions in order.
public struct Dockerfile: Sendable {
    public let directives: [Directive]
    /// `\`, or the character of the escape directive.
    public let escape: Unicode.Scalar
    public let instructions: [Instruction]
    /// Empty lines inside continued ones, by number.
    public let emptyContinuations: [Int]

    /// Parses a Dockerfile. Nothing is substituted, and the meaning of instructions is not checked.
    ///
    /// - Parameter bytes: UTF-8, with or without a byte order mark, lines ending with LF or CRLF.
    /// - Throws: `DockerfileError` for the first error.
    /// - Spec: Dockerfile reference; BuildKit's `frontend/dockerfile/parser` where that is silent.
    public init(_ bytes: [UInt8]) throws(DockerfileError) {
        var reader = LineReader(bytes)
        var instructions: [Instruction] = []
        while let line = try reader.next() {
            let parser = InstructionParser(escape: reader.escape)
            var instruction = try parser.parse(line, lastLine: reader.lineCount)
            for var heredoc in try parser.heredocs(of: instruction) {
                heredoc.line = reader.lineCount + 1
                guard
                    let content = try reader.heredoc(
                        endingWith: heredoc.name, dropsTabs: heredoc.dropsTabs)
                else {
                    throw DockerfileError(
                        instruction.position, .unterminatedHeredoc(heredoc.name))
                }
                heredoc.content = content
                instruction.heredocs.append(heredoc)
            }
            instruction.lastLine = reader.lineCount
            instructions.append(instruction)
        }
        guard !instructions.isEmpty else {
            throw DockerfileError(
                SourcePosition(line: max(1, reader.lineCount), column: 1), .noInstructions)
        }
        directives = reader.directives
        escape = reader.escape
        emptyContinuations = reader.emptyContinuations
        self.instructions = instructions
    }
}

/// Parses the line of one instruction.
struct InstructionParser {
    let escape: Unicode.Scalar

    /// - Parameter lastLine: the number of the last physical line that was read.
    func parse(_ line: LogicalLine, lastLine: Int) throws(DockerfileError) -> Instruction {
        try parse(line, from: 0, lastLine: lastLine, isTrigger: false)
    }

    private func parse(
        _ line: LogicalLine, from start: Int, lastLine: Int, isTrigger: Bool
    ) throws(DockerfileError) -> Instruction {
        let scalars = line.scalars
        var end = scalars.count
        while end > start, scalars[end - 1].isWhiteSpace { end -= 1 }
        var first = start
        while first < end, scalars[first].isWhiteSpace { first += 1 }
        var index = first
        while index < end, !scalars[index].isBlank { index += 1 }
        let name = String(scalars[first..<index])
        let position = line.position(of: first)
        if name.isEmpty { throw DockerfileError(position, .missingInstruction) }
        guard let keyword = Keyword(rawValue: name.uppercased()) else {
            throw DockerfileError(
                position,
                .unknownInstruction(
                    name,
                    suggestion: suggestion(
                        for: name.uppercased(), among: Keyword.allCases.map(\.rawValue))))
        }
        let splitter = WordSplitter(line, escape: escape)
        var (words, rest) = splitter.flags(from: index)
        while rest < end, scalars[rest].isWhiteSpace { rest += 1 }
        let flags = try self.flags(words, of: keyword, line)
        let text = Word(String(scalars[min(rest, end)..<end]), at: rest)
        let arguments: Instruction.Arguments
        do throws(Malformed) {
            arguments = try self.arguments(text, of: keyword, splitter)
        } catch {
            throw DockerfileError(
                error.offset.map(line.position) ?? position, .malformed(keyword, error.problem))
        }
        let isDeferring = keyword == .onbuild && !text.text.isEmpty
        if isDeferring, isTrigger {
            throw DockerfileError(position, .malformed(keyword, "it cannot defer itself"))
        }
        let instruction = Instruction(
            keyword: keyword, flags: flags,
            arguments: isDeferring
                ? .trigger([try trigger(line, from: rest, lastLine: lastLine)]) : arguments,
            line: line, lastLine: lastLine, offset: first)
        if !isDeferring { try instruction.checkArguments() }
        return instruction
    }

    /// Parses the instruction that an ONBUILD defers.
    private func trigger(
        _ line: LogicalLine, from start: Int, lastLine: Int
    ) throws(DockerfileError) -> Instruction {
        let trigger = try parse(line, from: start, lastLine: lastLine, isTrigger: true)
        switch trigger.keyword {
        case .onbuild, .from, .maintainer:
            throw DockerfileError(
                trigger.position,
                .malformed(.onbuild, "it cannot defer \(trigger.keyword.rawValue)"))
        default: return trigger
        }
    }

    /// An error in arguments, before their instruction is known.
    private struct Malformed: Error {
        let problem: String
        /// Where it is in the line; nil for the instruction as a whole.
        let offset: Int?
    }

    private func arguments(
        _ text: Word, of keyword: Keyword, _ splitter: WordSplitter
    ) throws(Malformed) -> Instruction.Arguments {
        if text.text.isEmpty { return .none }
        switch keyword {
        case .run, .cmd, .entrypoint, .shell:
            return try jsonWords(text).map { .json($0) } ?? .text(text)
        case .add, .copy, .volume:
            return try jsonWords(text).map { .json($0) }
                ?? .words(splitter.plainWords(from: text.offset))
        case .from, .expose: return .words(splitter.plainWords(from: text.offset))
        case .env, .label: return try pairs(text, of: keyword, splitter)
        case .arg: return .words(splitter.quotedWords(from: text.offset))
        case .maintainer, .stopsignal, .user, .workdir: return .text(text)
        case .healthcheck:
            let scalars = Array(text.text.unicodeScalars)
            let kind = String(scalars.prefix { !$0.isWhiteSpace })
            let count = kind.unicodeScalars.count
            let command = scalars[count...].drop { $0.isWhiteSpace }
            let word = Word(String(command), at: text.offset + command.startIndex)
            let words = try jsonWords(word)
            return .check(
                kind: Word(kind, at: text.offset),
                command: command.isEmpty ? .none : words.map { .json($0) } ?? .shell(word))
        case .onbuild: return .none
        }
    }

    /// The strings of a JSON array; nil for other text, which is not an error.
    private func jsonWords(_ text: Word) throws(Malformed) -> [Word]? {
        guard text.text.unicodeScalars.first == "[" else { return nil }
        let elements: [JSON]
        do {
            guard let array = try JSON.parse(Array(text.text.utf8)).elements else { return nil }
            elements = array
        } catch {
            return nil
        }
        var words: [Word] = []
        for element in elements {
            guard let string = element.string else {
                throw Malformed(
                    problem: "\(element.kind) in the array, where only strings may be",
                    offset: text.offset)
            }
            words.append(Word(string.text, at: text.offset))
        }
        return words
    }

    private func pairs(
        _ text: Word, of keyword: Keyword, _ splitter: WordSplitter
    ) throws(Malformed) -> Instruction.Arguments {
        let words = splitter.quotedWords(from: text.offset)
        guard let first = words.first else { return .none }
        if !first.text.unicodeScalars.contains("=") {
            let scalars = Array(text.text.unicodeScalars)
            let name = scalars.prefix { !$0.isBlank }
            let value = scalars[name.count...].drop { $0.isBlank }
            guard name.count < scalars.count else {
                throw Malformed(
                    problem: "'\(first.text)' has no value; write name=value",
                    offset: first.offset)
            }
            return .pairs([
                Instruction.Pair(
                    name: Word(String(name), at: text.offset),
                    value: Word(String(value), at: text.offset + value.startIndex),
                    isOldForm: true)
            ])
        }
        var pairs: [Instruction.Pair] = []
        for word in words {
            let scalars = Array(word.text.unicodeScalars)
            guard let equals = scalars.firstIndex(of: "=") else {
                throw Malformed(
                    problem: "no '=' in '\(word.text)'; write name=value", offset: word.offset)
            }
            if equals == 0 {
                throw Malformed(
                    problem: "nothing before the '=' of '\(word.text)'", offset: word.offset)
            }
            pairs.append(
                Instruction.Pair(
                    name: Word(String(scalars[..<equals]), at: word.offset),
                    value: Word(
                        String(scalars[(equals + 1)...]), at: word.offset + equals + 1),
                    isOldForm: false))
        }
        return .pairs(pairs)
    }

    private func flags(
        _ words: [Word], of keyword: Keyword, _ line: LogicalLine
    ) throws(DockerfileError) -> [Instruction.Flag] {
        var flags: [Instruction.Flag] = []
        let known = keyword.flags
        for word in words {
            let position = line.position(of: word.offset)
            let text = word.text.unicodeScalars.dropFirst(2)
            let name = String(text.prefix { $0 != "=" })
            let value = text.firstIndex(of: "=").map { String(text[$0...].dropFirst()) }
            guard let kind = known[name] else {
                throw DockerfileError(
                    position,
                    .unknownFlag(
                        keyword, name,
                        suggestion: suggestion(for: name, among: known.keys.sorted())))
            }
            switch kind {
            case .boolean:
                if let value, !["true", "false"].contains(value.lowercased()) {
                    throw DockerfileError(position, .notBoolean(flag: name, value: value))
                }
            case .text, .texts:
                if value == nil { throw DockerfileError(position, .flagWithoutValue(name)) }
            }
            if kind != .texts, flags.contains(where: { $0.name == name }) {
                throw DockerfileError(position, .repeatedFlag(name))
            }
            flags.append(Instruction.Flag(name: name, value: value, offset: word.offset))
        }
        return flags
    }

    /// The heredocs that a line announces, in order, without their content.
    func heredocs(of instruction: Instruction) throws(DockerfileError) -> [Heredoc] {
        var inner = instruction
        if case .trigger(let triggers) = instruction.arguments, let trigger = triggers.first {
            inner = trigger
        }
        guard inner.keyword.takesHeredocs else { return [] }
        if case .json = inner.arguments { return [] }
        return try Heredoc.all(in: instruction.line.text, at: instruction.position)
    }
}

extension Instruction {
    /// Checks the number of arguments and their form.
    fileprivate func checkArguments() throws(DockerfileError) {
        switch (keyword, arguments) {
        case (.copy, .json(let words)), (.add, .json(let words)), (.copy, .words(let words)),
            (.add, .words(let words)):
            if words.count < 2 { throw malformed("it takes sources and a destination") }
            if case .words = arguments, let last = words.last, Heredoc(word: last.text) != nil {
                throw malformed("a heredoc cannot be the destination")
            }
        case (.shell, .json(let words)) where !words.isEmpty: break
        case (.shell, _): throw malformed("it takes a JSON array of strings")
        case (.cmd, _), (.entrypoint, _), (.run, _): break
        case (.volume, .json(let words)) where words.isEmpty: throw malformed("it takes a path")
        case (_, .none):
            throw malformed("it takes an argument")
        case (.from, .words(let words)):
            guard words.count == 1 || (words.count == 3 && words[1].text.lowercased() == "as")
            else { throw malformed("it takes IMAGE or IMAGE AS NAME") }
        case (.arg, .words(let words)):
            if let blank = words.first(where: { $0.text.hasPrefix("=") }) {
                throw malformed("nothing before the '='", at: blank)
            }
        case (.healthcheck, .check(let kind, let command)):
            switch (kind.text.uppercased(), command) {
            case ("NONE", .none), ("CMD", .shell): break
            case ("CMD", .json(let words)) where !words.isEmpty: break
            case ("NONE", _): throw malformed("NONE takes no argument", at: kind)
            case ("CMD", _): throw malformed("a command is missing behind CMD", at: kind)
            default: throw malformed("'\(kind.text)' is neither CMD nor NONE", at: kind)
            }
        default: break
        }
    }
}

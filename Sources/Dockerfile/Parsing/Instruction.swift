/// An instruction with its flags, arguments and heredocs, before any substitution.
///
/// - Spec: Dockerfile reference; BuildKit's parser where the reference is silent.
public struct Instruction: Hashable, Sendable {
    /// `--name=value` between the keyword and the arguments, without quotes and escapes.
    public struct Flag: Hashable, Sendable {
        public let name: String
        /// nil without a `=`.
        public let value: String?
        let offset: Int
    }

    /// `name=value` of ENV and LABEL.
    public struct Pair: Hashable, Sendable {
        public let name: Word
        public let value: Word
        /// Whether it was written `ENV name value`: the value is the rest of the line.
        public let isOldForm: Bool
    }

    /// The arguments in the form that the instruction takes.
    public enum Arguments: Hashable, Sendable {
        case none
        /// A JSON array of strings, which may be empty.
        case json([Word])
        case words([Word])
        case pairs([Pair])
        /// The rest of the line.
        case text(Word)
        /// What ONBUILD defers: one instruction.
        case trigger([Instruction])
        /// HEALTHCHECK: `NONE` or `CMD`, then a command.
        case check(kind: Word, command: Command)
    }

    /// A command in one of its two forms.
    public enum Command: Hashable, Sendable {
        case none
        case json([Word])
        case shell(Word)
    }

    public let keyword: Keyword
    public let flags: [Flag]
    public let arguments: Arguments
    public internal(set) var heredocs: [Heredoc] = []
    /// The joined line, from the keyword on.
    public let line: LogicalLine
    public internal(set) var lastLine: Int
    /// The offset of the keyword in `line`; not 0 for an instruction that ONBUILD defers.
    let offset: Int

    public var position: SourcePosition { line.position(of: offset) }

    func position(of word: Word) -> SourcePosition { line.position(of: word.offset) }

    func position(of flag: Flag) -> SourcePosition { line.position(of: flag.offset) }

    /// A flag that may occur once; nil without it.
    func flag(_ name: String) -> Flag? { flags.first { $0.name == name } }

    /// The value of a boolean flag; nil without it.
    func boolean(_ name: String) -> Bool? {
        flag(name).map { $0.value.map { $0.lowercased() == "true" } ?? true }
    }

    /// - Parameter word: where the problem is; nil for the instruction as a whole.
    func malformed(_ problem: String, at word: Word? = nil) -> DockerfileError {
        DockerfileError(
            word.map { position(of: $0) } ?? position, .malformed(keyword, problem))
    }

    func malformed(_ problem: String, at flag: Flag) -> DockerfileError {
        DockerfileError(position(of: flag), .malformed(keyword, problem))
    }
}

/// Lines after an instruction that are a file's content or a script.
public struct Heredoc: Hashable, Sendable {
    /// The word that ends it, without quotes; also the name of the file.
    public let name: String
    /// Whether variables in it are replaced: no part of the name was quoted.
    public let isExpanded: Bool
    /// Whether tabs at the beginning of its lines are dropped: `<<-`.
    public let dropsTabs: Bool
    /// The text in the file, with its newlines.
    public internal(set) var content: String = ""
    /// The number of the first line of its content.
    var line = 0

    /// The content without the tabs that `<<-` drops.
    public var text: String {
        guard dropsTabs else { return content }
        var result = String.UnicodeScalarView()
        var isLineStart = true
        for scalar in content.unicodeScalars {
            if isLineStart, scalar == "\t" { continue }
            isLineStart = scalar == "\n"
            result.append(scalar)
        }
        return String(result)
    }
}

/// A parser directive: a comment at the top that says how to parse the file.
public struct Directive: Hashable, Sendable {
    /// In lower case: `syntax`, `escape` or `check`.
    public let name: String
    public let value: String
    public let line: Int
}

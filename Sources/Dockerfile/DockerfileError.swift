/// Why a Dockerfile was refused, with the position.
public struct DockerfileError: Error, Hashable, Sendable {
    /// What is wrong; texts and names are as the Dockerfile has them.
    public enum Reason: Hashable, Sendable {
        case notUTF8
        case zeroByte
        case longLine(limit: Int)
        case noInstructions
        case escapeDirective(String)
        case repeatedDirective(String)
        case missingInstruction
        case unknownInstruction(String, suggestion: String?)
        case unknownFlag(Keyword, String, suggestion: String?)
        case repeatedFlag(String)
        case flagWithoutValue(String)
        case notBoolean(flag: String, value: String)
        case unterminatedHeredoc(String)
        case substitution(SubstitutionError)
        /// An instruction with wrong syntax; the text says what is expected.
        case malformed(Keyword, String)
        case unknownTarget(String, stages: [String])
        /// An instruction that the base defers to this build.
        case trigger(String, problem: String)
        /// A valid feature of Dockerfiles that this compiler does not support.
        case unsupported(String)
        /// An argument that Linux lets no command have.
        case longArgument(byteCount: Int)
        /// Arguments of one command that are more than Linux allows.
        case longCommand(byteCount: Int)
        /// The script would be longer than the limit.
        case longScript
        /// Stages need one another through ONBUILD of their bases, in a chain of this length.
        case deepTriggers(limit: Int)
    }

    public let position: SourcePosition
    public let reason: Reason

    init(_ position: SourcePosition, _ reason: Reason) {
        self.position = position
        self.reason = reason
    }

    /// The message: `3:7: unknown instruction 'FORM', did you mean 'FROM'?`, without a full stop.
    public var text: String { "\(position.line):\(position.column): \(reason.text)" }
}

extension DockerfileError.Reason {
    /// The message without the position.
    public var text: String {
        switch self {
        case .notUTF8: "not UTF-8"
        case .zeroByte: "a zero byte, which no argument and no config can hold"
        case .longLine(let limit): "a line of more than \(limit) bytes"
        case .noInstructions: "no instruction in the file"
        case .escapeDirective(let value):
            "the escape character '\(value)' is neither '\\' nor '`'"
        case .repeatedDirective(let name): "directive '\(name)' a second time"
        case .missingInstruction: "an instruction should be here"
        case .unknownInstruction(let name, let suggestion):
            "unknown instruction '\(name)'" + meant(suggestion)
        case .unknownFlag(let keyword, let name, let suggestion):
            "unknown flag '--\(name)' of \(keyword.rawValue)"
                + meant(suggestion.map { "--\($0)" })
        case .repeatedFlag(let name): "flag '--\(name)' a second time"
        case .flagWithoutValue(let name): "flag '--\(name)' needs a value"
        case .notBoolean(let flag, let value):
            "'\(value)' of '--\(flag)' is neither true nor false"
        case .unterminatedHeredoc(let name): "heredoc without its end '\(name)'"
        case .substitution(let error): error.text
        case .malformed(let keyword, let problem): "\(keyword.rawValue): \(problem)"
        case .unknownTarget(let name, let stages):
            "no stage '\(name)'"
                + (stages.isEmpty ? "" : "; there is \(stages.joined(separator: ", "))")
        case .trigger(let text, let problem): "ONBUILD of the base, '\(text)': \(problem)"
        case .unsupported(let what): "not supported: \(what)"
        case .longArgument(let count):
            "\(count) bytes for one argument of a command, which takes at most "
                + "\(CommandSize.argumentLimit)"
        case .longCommand(let count):
            "\(count) bytes for the arguments of one command, which takes at most "
                + "\(CommandSize.limit)"
        case .longScript: "the script would have more than \(ShellScript.byteLimit) bytes"
        case .deepTriggers(let limit):
            "more than \(limit) stages that need one another through ONBUILD of their bases"
        }
    }

    private func meant(_ suggestion: String?) -> String {
        suggestion.map { ", did you mean '\($0)'?" } ?? ""
    }
}

/// The candidate nearest to a misspelt word, with an edit distance of at most 2.
func suggestion(for word: String, among candidates: [String]) -> String? {
    let word = Array(word.utf8.prefix(40))
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(word, Array(candidate.utf8))
        if distance <= min(2, max(1, word.count / 2)), distance < best?.distance ?? .max {
            best = (candidate, distance)
        }
    }
    return best?.name
}

/// The edit distance: additions, removals, replacements and swaps of neighbours.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var next = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var cost = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, next[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1],
                left[row - 1] == right[column]
            {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            next.append(cost)
        }
        beforeLast = last
        last = next
    }
    return last[right.count]
}

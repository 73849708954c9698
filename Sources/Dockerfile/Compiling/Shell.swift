import JSON

/// A word or a redirection of a script: text of a Dockerfile is quoted, text of the compiler is
/// not.
struct ShellWord: ExpressibleByStringLiteral {
    let text: String
    /// The size of the argument, without what quotes it; that of its code where the shell has to
    /// evaluate it.
    let byteCount: Int

    /// Part of the script, written here.
    init(stringLiteral value: String) {
        self.init(raw: value)
    }

    /// Text of unknown origin, quoted so that the shell does not interpret it.
    init(quoting word: String) {
        self.init(raw: ShellWord.quoted(word), byteCount: word.utf8.count)
    }

    private init(raw: String, byteCount: Int? = nil) {
        text = raw
        self.byteCount = byteCount ?? raw.utf8.count
    }

    /// Code of the script that is put together; nothing in it is of unknown origin.
    init(code: String) {
        self.init(raw: code)
    }

    /// A word with a suffix by the compiler.
    init(suffixing word: ShellWord, _ suffix: String) {
        self.init(
            raw: word.text + suffix, byteCount: word.byteCount + suffix.utf8.count)
    }

    /// `directory/name`, the name of unknown origin.
    init(joining directory: ShellWord, _ name: String) {
        self.init(
            raw: directory.text + "/" + ShellWord.quoted(name),
            byteCount: directory.byteCount + 1 + name.utf8.count)
    }

    /// A file in the script's directory; the name has letters, digits, `.`, `_` and `-` alone.
    static func file(_ name: String) -> ShellWord { ShellWord(raw: "\"$work\"/\(name)") }

    /// `--name=value` with a value of unknown origin.
    static func option(_ name: String, _ value: String) -> ShellWord {
        option(name, ShellWord(quoting: value))
    }

    static func option(_ name: String, _ value: ShellWord) -> ShellWord {
        ShellWord(
            raw: "--\(name)=" + value.text, byteCount: name.utf8.count + 3 + value.byteCount)
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { $0.isAlphanumeric || "_@%+=:,./-".utf8.contains($0) }
        if isPlain, !word.isEmpty { return word }
        var result = "'"
        for scalar in word.unicodeScalars {
            if scalar == "'" {
                result += "'\\''"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "'"
    }
}

extension ShellWord {
    /// A file with a name of unknown origin, in a directory of the script.
    static func / (directory: ShellWord, name: String) -> ShellWord {
        ShellWord(joining: directory, name)
    }
}

/// A script that grows line by line.
struct ShellScript {
    /// The maximum size of a script for one platform.
    static let byteLimit = 64 << 20

    private(set) var lines: [String] = []
    private(set) var byteCount = 0
    /// Why the first command that no program can be called with is too long; nil without one.
    private(set) var problem: DockerfileError.Reason?
    /// Before each command, in a block of a function or of `||`.
    private var indentation = ""

    mutating func append(_ other: ShellScript) {
        lines += other.lines
        byteCount += other.byteCount
    }

    private mutating func add(_ line: String) {
        lines.append(line)
        byteCount += line.utf8.count + 1
    }

    mutating func blank() { add("") }

    /// Adds a comment of one line, whatever characters the text has.
    mutating func comment(_ text: String) {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        add("# " + String(line))
    }

    /// Adds lines of code verbatim; only the first of several is indented.
    mutating func code(_ text: String) { add(indentation + text) }

    /// Begins a block; what comes until `endBlock` is indented.
    mutating func beginBlock(_ line: String) {
        code(line)
        indentation += "\t"
    }

    mutating func endBlock(_ line: String = "}") {
        indentation.removeLast()
        code(line)
    }

    /// Commands that are piped into each other, each on a line of its own.
    mutating func pipeline(
        _ commands: [[ShellWord]], from input: ShellWord? = nil, to output: ShellWord? = nil
    ) {
        for (index, command) in commands.enumerated() {
            var line = ShellScript.joined(
                command, indent: indentation + (index == 0 ? "" : "\t"))
            if index == 0, let input { line += " <\(input.text)" }
            if index == commands.count - 1 {
                if let output { line += " >\(output.text)" }
            } else {
                line += " |"
            }
            add(line)
            var size = CommandSize()
            for word in command { size.add(word.byteCount) }
            problem = problem ?? size.problem
        }
    }

    /// A command as one line, or as several that are continued.
    private static func joined(_ command: [ShellWord], indent: String) -> String {
        let line = indent + command.map(\.text).joined(separator: " ")
        guard line.utf8.count > 110, let name = command.first else { return line }
        var lines = [indent + name.text]
        for word in command.dropFirst() {
            let last = lines.count - 1
            if lines[last].utf8.count + word.text.utf8.count < 100 {
                lines[last] += " " + word.text
            } else {
                lines.append(indent + "\t" + word.text)
            }
        }
        return lines.joined(separator: " \\\n")
    }

    /// Writes a file whose content the shell does not interpret.
    mutating func file(_ name: ShellWord, content: String) {
        var end = "END"
        let contentLines = Set(content.utf8.split(separator: 0x0A).map(Array.init))
        while contentLines.contains(Array(end.utf8)) { end += "_" }
        if content.isEmpty {
            code(": >\(name.text)")
            return
        }
        code("cat >\(name.text) <<'\(end)'")
        add(
            String(
                content.unicodeScalars.last == "\n"
                    ? content.unicodeScalars.dropLast() : content.unicodeScalars[...]))
        add(end)
    }
}

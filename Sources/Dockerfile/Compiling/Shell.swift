/// A word or a redirection of a script: text of a Dockerfile is quoted, text of the compiler is
/// not.
struct ShellWord: ExpressibleByStringLiteral {
    let text: String

    /// Part of the script, written here.
    init(stringLiteral value: String) {
        text = value
    }

    /// Text of unknown origin, quoted so that the shell does not interpret it.
    init(quoting word: String) {
        text = ShellWord.quoted(word)
    }

    private init(raw: String) {
        text = raw
    }

    /// Code of the script that is put together; nothing in it is of unknown origin.
    init(code: String) {
        text = code
    }

    /// A word with a suffix by the compiler.
    init(suffixing word: ShellWord, _ suffix: String) {
        text = word.text + suffix
    }

    /// `directory/name`, the name of unknown origin.
    init(joining directory: ShellWord, _ name: String) {
        text = directory.text + "/" + ShellWord.quoted(name)
    }

    /// A file in the script's directory; the name has letters, digits, `.`, `_` and `-` alone.
    static func file(_ name: String) -> ShellWord { ShellWord(raw: "\"$work\"/\(name)") }

    /// `--name=value` with a value of unknown origin.
    static func option(_ name: String, _ value: String) -> ShellWord {
        ShellWord(raw: "--\(name)=" + quoted(value))
    }

    static func option(_ name: String, _ value: ShellWord) -> ShellWord {
        ShellWord(raw: "--\(name)=" + value.text)
    }

    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_@%+=:,./-".utf8.contains(byte)
            }
        }
        if plain, !word.isEmpty { return word }
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

/// A script that grows line by line.
struct ShellScript {
    private(set) var lines: [String] = []
    /// Before each command, in a block of a function or of `||`.
    private var indentation = ""

    mutating func append(_ other: ShellScript) { lines += other.lines }

    mutating func blank() { lines.append("") }

    /// Adds a comment of one line, whatever characters the text has.
    mutating func comment(_ text: String) {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        lines.append("# " + String(line))
    }

    /// Adds lines of code verbatim; only the first of several is indented.
    mutating func code(_ text: String) { lines.append(indentation + text) }

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
            lines.append(line)
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
        lines.append(
            String(
                content.unicodeScalars.last == "\n"
                    ? content.unicodeScalars.dropLast() : content.unicodeScalars[...]))
        lines.append(end)
    }
}

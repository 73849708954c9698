/// Splits a Dockerfile into the lines of its instructions and the bodies of their heredocs.
///
/// - Spec: Dockerfile reference, "Format", "Parser directives", "Escape"; BuildKit's parser.
struct LineReader {
    /// The maximum size of a physical line in bytes, as in BuildKit.
    static let lineByteLimit = 65_535

    private static let knownDirectives = ["syntax", "escape", "check"]

    private(set) var directives: [Directive] = []
    private(set) var escape: Unicode.Scalar = "\\"
    /// Lines of the input with their newlines.
    private var lines: [ArraySlice<UInt8>]
    /// The number of lines read.
    private(set) var lineCount = 0
    private var seeksDirectives = true
    /// Empty lines inside a continuation, which a later BuildKit may refuse.
    private(set) var emptyContinuations: [Int] = []

    init(_ bytes: [UInt8]) {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        var rest = hasMark ? bytes[3...] : bytes[...]
        lines = []
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
            lines.append(rest[..<end])
            rest = rest[end...]
        }
    }

    /// The next instruction's line, joined; nil at the end.
    mutating func next() throws(DockerfileError) -> LogicalLine? {
        while lineCount < lines.count {
            if skipsComment() { continue }
            var (part, start) = try physicalLine()
            let indent = part.prefix { $0.isWhiteSpace }.count
            part.removeFirst(indent)
            start = SourcePosition(line: start.line, column: 1 + indent)
            try readDirective(part, start)
            if part.first == "#" { continue }
            var continues = removeContinuation(&part)
            if part.isEmpty && !continues { continue }
            var line = LogicalLine()
            line.append(part, at: start)
            while continues, lineCount < lines.count {
                if skipsComment() { continue }
                (part, start) = try physicalLine()
                switch part.first(where: { !$0.isWhiteSpace }) {
                case "#": continue
                case nil:
                    emptyContinuations.append(start.line)
                    continue
                default: break
                }
                continues = removeContinuation(&part)
                line.append(part, at: start)
            }
            return line
        }
        return nil
    }

    /// The lines up to the line `end`; nil when it is missing.
    ///
    /// - Parameter dropsTabs: whether tabs may precede the end.
    mutating func heredoc(
        endingWith end: String, dropsTabs: Bool
    ) throws(DockerfileError) -> String? {
        let end = Array(end.unicodeScalars)
        var content = Scalars()
        while lineCount < lines.count {
            let (scalars, _) = try physicalLine(keepingNewline: true)
            var line = scalars[...]
            while let last = line.last, last == "\n" || last == "\r" { line.removeLast() }
            if dropsTabs { line = line.drop { $0 == "\t" } }
            if line.elementsEqual(end) { return String(content) }
            content += scalars
        }
        return nil
    }

    /// Skips a comment, which may have any bytes, where no directive can be.
    private mutating func skipsComment() -> Bool {
        let bytes = lines[lineCount]
        let first = bytes.first { ![0x20, 0x09, 0x0B, 0x0C, 0x0D].contains($0) }
        guard first == UInt8(ascii: "#"), bytes.count <= LineReader.lineByteLimit,
            !seeksDirectives || !canDecode(bytes)
        else { return false }
        seeksDirectives = false
        lineCount += 1
        return true
    }

    private func canDecode(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil && !bytes.contains(0)
    }

    private mutating func physicalLine(
        keepingNewline: Bool = false
    ) throws(DockerfileError) -> (Scalars, SourcePosition) {
        var bytes = lines[lineCount]
        lineCount += 1
        let start = SourcePosition(line: lineCount, column: 1)
        let hasNewline = bytes.last == 0x0A
        guard bytes.count - (hasNewline ? 1 : 0) <= LineReader.lineByteLimit else {
            throw DockerfileError(start, .longLine(limit: LineReader.lineByteLimit))
        }
        if !keepingNewline {
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        }
        return (try decode(bytes), start)
    }

    private func decode(_ bytes: ArraySlice<UInt8>) throws(DockerfileError) -> Scalars {
        var scalars = Scalars()
        scalars.reserveCapacity(bytes.count)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            let position = SourcePosition(line: lineCount, column: scalars.count + 1)
            switch decoder.decode(&iterator) {
            case .scalarValue("\0"): throw DockerfileError(position, .zeroByte)
            case .scalarValue(let scalar): scalars.append(scalar)
            case .error: throw DockerfileError(position, .notUTF8)
            case .emptyInput: return scalars
            }
        }
    }

    /// Removes the escape character at the end of a line, with the blanks after it.
    ///
    /// - Returns: whether the next line continues this one. Two escape characters do not.
    private func removeContinuation(_ line: inout Scalars) -> Bool {
        var end = line.count
        while end > 0, line[end - 1] == " " || line[end - 1] == "\t" { end -= 1 }
        guard end > 0, line[end - 1] == escape, end == 1 || line[end - 2] != escape else {
            return false
        }
        line.removeLast(line.count - end + 1)
        return true
    }

    /// Reads `# name=value` at the top of the file; anything else ends the search.
    private mutating func readDirective(
        _ line: Scalars, _ start: SourcePosition
    ) throws(DockerfileError) {
        guard seeksDirectives else { return }
        // A `#!` line may precede them.
        if start.line == 1, line.starts(with: "#!".unicodeScalars) { return }
        guard let (name, value) = LineReader.directive(in: line),
            LineReader.knownDirectives.contains(name)
        else {
            seeksDirectives = false
            return
        }
        if directives.contains(where: { $0.name == name }) {
            throw DockerfileError(start, .repeatedDirective(name))
        }
        directives.append(Directive(name: name, value: value, line: start.line))
        guard name == "escape" else { return }
        guard value == "\\" || value == "`", let character = value.unicodeScalars.first else {
            throw DockerfileError(start, .escapeDirective(value))
        }
        escape = character
    }

    private static func directive(in line: Scalars) -> (name: String, value: String)? {
        guard line.first == "#", let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[1..<equals].trimmed
        let value = line[(equals + 1)...].trimmed
        func isLetter(_ scalar: Unicode.Scalar) -> Bool {
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        }
        guard let first = name.first, isLetter(first),
            name.allSatisfy({ isLetter($0) || ("0"..."9").contains($0) }), !value.isEmpty
        else { return nil }
        return (String(name).lowercased(), String(value))
    }
}

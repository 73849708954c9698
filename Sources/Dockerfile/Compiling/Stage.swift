import OCI

/// A stage as it is written: a FROM and the instructions after it.
struct Stage {
    let index: Int
    let from: Instruction
    /// The base's name, with global arguments replaced.
    let baseName: String
    let name: String?
    /// The platform of the base, as it is written; nil means the target's.
    let platform: String?
    var instructions: [Instruction] = []

    /// The beginning of the names of the script's files for this stage.
    var fileName: String { name.map { "\($0)" } ?? "stage\(index)" }
}

/// The stages of a Dockerfile, and the arguments before the first stage.
struct Stages {
    private(set) var stages: [Stage] = []
    /// The variables that FROM can use and that an ARG without a default imports.
    private(set) var globals: Variables
    /// Names of build arguments that an ARG declares.
    private(set) var declared: Set<[UInt8]> = []
    private(set) var unset: [(position: SourcePosition, name: String)] = []

    /// - Parameter platformArguments: `TARGETPLATFORM` and the like.
    init(
        _ file: Dockerfile, arguments: Variables, platformArguments: Variables
    ) throws(DockerfileError) {
        globals = platformArguments
        for instruction in file.instructions {
            if case .words(let words) = instruction.arguments, instruction.keyword == .from {
                try begin(instruction, words, file.escape)
            } else if !stages.isEmpty {
                if instruction.keyword == .arg, case .words(let words) = instruction.arguments {
                    for word in words { declare(word) }
                }
                stages[stages.count - 1].instructions.append(instruction)
            } else if instruction.keyword == .arg, case .words(let words) = instruction.arguments {
                try setGlobals(words, instruction, arguments, file.escape)
            } else {
                throw DockerfileError(
                    instruction.position,
                    .malformed(instruction.keyword, "it needs a FROM before it"))
            }
        }
        guard !stages.isEmpty else {
            throw DockerfileError(
                file.instructions[0].position, .malformed(.from, "there is none in the file"))
        }
    }

    private mutating func declare(_ word: Word) {
        declared.insert(Array(word.text.utf8.prefix { $0 != UInt8(ascii: "=") }))
    }

    private mutating func setGlobals(
        _ words: [Word], _ instruction: Instruction, _ arguments: Variables,
        _ escape: Unicode.Scalar
    ) throws(DockerfileError) {
        for word in words {
            declare(word)
            let (name, value) = word.assignment
            if let given = arguments[name] {
                globals[name] = given
            } else if let value {
                globals[name] = try instruction.expand(value, globals, escape, &unset)
            }
        }
    }

    private mutating func begin(
        _ from: Instruction, _ words: [Word], _ escape: Unicode.Scalar
    ) throws(DockerfileError) {
        let base = try from.expand(words[0], globals, escape, &unset)
        if base.isEmpty {
            throw from.malformed(
                "'\(words[0].text)' stands for nothing: give its arguments a value")
        }
        var name: String?
        if words.count == 3 {
            let given = words[2].text.lowercased()
            guard Stages.isName(given) else {
                throw DockerfileError(
                    from.position(of: words[2]),
                    .malformed(
                        .from, "'\(words[2].text)' is no name: it should be like build-1"))
            }
            if given == "scratch" || given == "context" {
                throw DockerfileError(
                    from.position(of: words[2]), .malformed(.from, "the name '\(given)' is taken"))
            }
            name = given
        }
        var platform: String?
        if let flag = from.flag("platform"), let value = flag.value {
            platform = try from.expand(Word(value, at: flag.offset), globals, escape, &unset)
        }
        stages.append(
            Stage(
                index: stages.count, from: from, baseName: base, name: name, platform: platform))
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-_.".utf8.contains($0)
        }
    }

    /// The last stage before `limit` that has a name.
    func stage(named name: String, before limit: Int? = nil) -> Stage? {
        stages[..<(limit ?? stages.count)].last { $0.name == name.lowercased() }
    }

    /// The stage that `--target` names.
    func target(_ name: String?) -> Stage? {
        guard let name else { return stages.last }
        if let stage = stage(named: name) { return stage }
        guard let number = Int(name), stages.indices.contains(number) else { return nil }
        return stages[number]
    }
}

extension Word {
    /// `NAME` or `NAME=VALUE` of ARG.
    var assignment: (name: String, value: Word?) {
        let scalars = Array(text.unicodeScalars)
        guard let equals = scalars.firstIndex(of: "=") else { return (text, nil) }
        return (
            String(scalars[..<equals]),
            Word(String(scalars[(equals + 1)...]), at: offset + equals + 1)
        )
    }
}

extension Instruction {
    /// A word with its variables replaced.
    ///
    /// - Parameter unset: gets the names of variables that are not set.
    func expand(
        _ word: Word, _ variables: Variables, _ escape: Unicode.Scalar,
        _ unset: inout [(position: SourcePosition, name: String)]
    ) throws(DockerfileError) -> String {
        do {
            let result = try Expansion(escape: escape, variables: variables).expand(word.text)
            unset += result.unset.map { (position(of: word), $0) }
            return result.text
        } catch {
            throw DockerfileError(position(of: word), .substitution(error))
        }
    }
}

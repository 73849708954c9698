import JSON
import OCI

/// A stage as it is written: a FROM and the instructions after it.
struct Stage {
    let index: Int
    let from: Instruction
    /// The base's name, with global arguments replaced.
    let baseName: String
    let basePosition: SourcePosition
    let name: String?
    /// The stage that it is built on; nil for an image.
    let base: Int?
    /// The platform of the base; nil means the target's.
    let platform: Platform?
    var instructions: [Instruction] = []

    /// The beginning of the names of the script's files for this stage.
    var fileName: String { name.map { "\($0)" } ?? "stage\(index)" }
}

/// The stages of a Dockerfile, and the arguments before the first stage.
struct Stages {
    private(set) var stages: [Stage] = []
    /// The stages of each name, in order.
    private var indices: [String: [Int]] = [:]
    /// The variables that FROM can use and that an ARG without a default imports.
    private(set) var globals: Variables
    /// Names of build arguments that an ARG declares.
    private(set) var declared: Set<[UInt8]> = []
    private let machine: Platform
    private(set) var substitutions = Substitutions()

    /// - Parameters:
    ///   - platformArguments: `TARGETPLATFORM` and the like.
    ///   - machine: the platform of this machine, for what `--platform` omits.
    init(
        _ file: Dockerfile, arguments: Variables, platformArguments: Variables, machine: Platform
    ) throws(DockerfileError) {
        globals = platformArguments
        self.machine = machine
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

    /// Records that an ARG declares a build argument: `NAME` or `NAME=VALUE`.
    mutating func declare(_ word: Word) {
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
                globals[name] = try instruction.expand(value, globals, escape, &substitutions)
            }
        }
    }

    private mutating func begin(
        _ from: Instruction, _ words: [Word], _ escape: Unicode.Scalar
    ) throws(DockerfileError) {
        let base = try from.expand(words[0], globals, escape, &substitutions)
        if base.isEmpty {
            throw from.malformed(
                "'\(words[0].text)' stands for nothing: give its arguments a value", at: words[0])
        }
        var name: String?
        if words.count == 3 {
            let given = words[2].text.lowercased()
            guard Stages.isName(given) else {
                throw from.malformed(
                    "'\(words[2].text)' is no name: it should be like build-1", at: words[2])
            }
            if given == "scratch" || given == "context" {
                throw from.malformed("the name '\(given)' is taken", at: words[2])
            }
            name = given
        }
        var platform: Platform?
        if let flag = from.flag("platform"), let value = flag.value, !value.isEmpty {
            let text = try from.expand(
                Word(value, at: flag.offset), globals, escape, &substitutions)
            platform = Platform(text, completedBy: machine)
            if platform == nil {
                throw from.malformed(
                    "'\(text)' is no platform: it should be like linux/amd64", at: flag)
            }
        }
        let index = stages.count
        stages.append(
            Stage(
                index: index, from: from, baseName: base,
                basePosition: from.position(of: words[0]), name: name,
                base: stage(named: base)?.index, platform: platform))
        if let name { indices[name, default: []].append(index) }
    }

    /// The name of the last stage; nil when it has none.
    static func lastName(in file: Dockerfile) -> String? {
        guard let from = file.instructions.last(where: { $0.keyword == .from }),
            case .words(let words) = from.arguments, words.count == 3
        else { return nil }
        return words[2].text.lowercased()
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isSmallLetter else { return false }
        return text.utf8.allSatisfy {
            $0.isSmallLetter || $0.isDigit || "-_.".utf8.contains($0)
        }
    }

    /// The last stage before `limit` that has a name.
    func stage(named name: String, before limit: Int? = nil) -> Stage? {
        indices[name.lowercased()]?.last { $0 < limit ?? stages.count }.map { stages[$0] }
    }

    /// The stage before `limit` that `--from` names, by its name or number.
    func source(_ name: String, before limit: Int) -> Stage? {
        if let stage = stage(named: name, before: limit) { return stage }
        guard let number = Int(name), stages.indices.contains(number), number < limit else {
            return nil
        }
        return stages[number]
    }

    /// The stage, and those that it is built on and copies from, in the order of the file.
    ///
    /// - Parameter isDone: whether a stage, and so all that it needs, is left out.
    func needed(by stage: Stage, isDone: (Int) -> Bool) -> [Stage] {
        var found: Set<Int> = []
        var rest = [stage.index]
        while let index = rest.popLast() {
            if isDone(index) || !found.insert(index).inserted { continue }
            if let base = stages[index].base { rest.append(base) }
            for instruction in stages[index].instructions {
                rest += instruction.sourceNames.compactMap { source($0, before: index)?.index }
            }
        }
        return found.sorted().map { stages[$0] }
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
    /// The stages and images that `--from` and the mounts name; malformed mounts name none.
    fileprivate var sourceNames: [String] {
        flags.flatMap { flag -> [String] in
            switch flag.name {
            case "from": flag.value.map { [$0] } ?? []
            case "mount": RunMount.source(in: flag.value ?? "").map { [$0] } ?? []
            default: []
            }
        }
    }
}

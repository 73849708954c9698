import JSON
import OCI

/// Compiles the instructions of one stage.
struct StageCompiler {
    let stage: Stage
    /// The compiler that this stage is part of; it compiles other stages on demand.
    var whole: DockerfileCompiler
    var state: StageState
    var script = ShellScript()
    var config = ConfigChanges()
    /// The escape character; triggers of the base have their own.
    var escape: Unicode.Scalar
    /// Whether a trigger of the base is compiled, for messages.
    private var isTrigger = false

    /// Begins with the base: fetches it, or continues from another stage.
    init(_ stage: Stage, _ whole: DockerfileCompiler) throws {
        self.stage = stage
        self.whole = whole
        escape = whole.file.escape
        let name = self.whole.newName(self.whole.prefix + stage.fileName)
        if let base = stage.base {
            guard let inherited = whole.states[base] else {
                preconditionFailure("the base was not compiled")
            }
            state = inherited
            state.cmd = nil
            // The unpacked directory belongs to the other stage.
            state.root = nil
            script.blank()
            script.comment(StageCompiler.origin(stage.from, whole))
        } else {
            (state, script) = try StageCompiler.fetchBase(stage, name, &self.whole)
        }
    }

    /// `Dockerfile:3: COPY a b`, for comments.
    static func origin(_ instruction: Instruction, _ whole: DockerfileCompiler) -> String {
        "\(whole.request.fileName):\(instruction.position.line): \(instruction.line.text)"
    }

    /// Compiles the base's triggers, then the stage's own instructions.
    mutating func compile() throws {
        let triggers = state.triggers
        if !triggers.isEmpty, stage.base != nil { config.add("clear", "onbuild") }
        state.triggers = []
        for text in triggers { try compile(trigger: text) }
        for instruction in stage.instructions { try compile(instruction) }
        flush()
        try checkSize(at: stage.from.position)
    }

    /// Checks what an instruction added, and writes the options of `oci-config` before they are too
    /// many for one command.
    private mutating func checkSize(at position: SourcePosition) throws(DockerfileError) {
        if let problem = script.problem ?? config.size.problem {
            throw DockerfileError(position, problem)
        }
        if config.size.byteCount > CommandSize.limit / 2 { flush() }
        guard whole.byteCount + script.byteCount + config.byteCount <= ShellScript.byteLimit else {
            throw DockerfileError(position, .longScript)
        }
    }

    private mutating func compile(trigger text: String) throws {
        let outer = escape
        defer { escape = outer }
        do {
            let file = try Dockerfile(Array(text.utf8))
            escape = file.escape
            guard file.instructions.count == 1 else {
                throw DockerfileError(
                    SourcePosition(line: 1, column: 1),
                    .malformed(.onbuild, "it is not one instruction"))
            }
            try compile(file.instructions[0])
        } catch let error as DockerfileError {
            // The trigger's own position is not in the user's Dockerfile.
            throw DockerfileError(
                stage.from.position, .trigger(text, problem: error.reason.text))
        } catch let error as BaseError {
            throw BaseError(position: stage.from.position, reason: error.reason)
        }
    }

    private mutating func compile(_ instruction: Instruction) throws {
        switch instruction.keyword {
        case .copy, .add: try compileCopy(instruction)
        case .run: try compileRun(instruction)
        case .workdir: try compileWorkingDirectory(instruction)
        case .from: throw instruction.malformed("it has no place here")
        case .arg, .cmd, .entrypoint, .env, .expose, .healthcheck, .label, .maintainer, .onbuild,
            .shell, .stopsignal, .user, .volume:
            config.comment(StageCompiler.origin(instruction, whole))
            try compileConfig(instruction)
        }
        try checkSize(at: instruction.position)
    }

    // MARK: common parts of instructions

    mutating func expand(_ word: Word, of instruction: Instruction) throws(DockerfileError)
        -> String
    {
        try instruction.expand(word, state.variables, escape, &whole.substitutions)
    }

    /// Returns a new base name for the files of an instruction.
    mutating func fileName(of instruction: Instruction) -> String {
        whole.newName("\(whole.prefix)\(stage.fileName).\(instruction.position.line)")
    }

    /// Writes the collected options of `oci-config` as one command.
    mutating func flush(name: String? = nil) {
        guard !config.isEmpty else { return }
        let name =
            name ?? whole.newName("\(whole.prefix)\(stage.fileName).config")
        script.blank()
        for comment in config.comments { script.comment(comment) }
        let patch = config.patch
        let file = ShellWord.file(name + ".patch")
        if let patch { script.file(file, content: patch) }
        script.pipeline(
            [config.command(patch: patch.map { _ in file })], from: .file(state.image + ".json"),
            to: .file(name + ".json"))
        state.image = name
        config = ConfigChanges()
    }

    /// Options for the tools that talk to registries.
    var registryOptions: [ShellWord] {
        whole.request.registryOptions
    }

    /// Whether the stage's layers are part of the image.
    var isOfTarget: Bool { whole.targetStages.contains(stage.index) }

    /// The repository in which its layers are stored. Layers that are not part of the image are
    /// never sent to the image's repository.
    var place: ShellWord {
        isOfTarget
            ? DockerfileCompiler.destination(whole.request) : DockerfileCompiler.temporaryLayout
    }

    /// Begins the part of an instruction that makes a layer.
    mutating func beginLayer(_ instruction: Instruction) -> String {
        flush()
        let name = fileName(of: instruction)
        script.blank()
        script.comment(StageCompiler.origin(instruction, whole))
        return name
    }

    /// Begins the part of an instruction that copies files. The script says which instruction it is
    /// when it fails.
    mutating func beginCopy(_ instruction: Instruction) -> String {
        let name = beginLayer(instruction)
        let text = "\(instruction.keyword.rawValue) in line \(instruction.position.line)"
        script.code("what=\(ShellWord(quoting: text).text)")
        return name
    }

    /// Packs, stores and appends a layer, after `beginCopy`.
    ///
    /// - Parameters:
    ///   - pack: the command that writes the layer's tar.
    ///   - options: for `oci-config`, beside the layer.
    mutating func appendLayer(
        _ name: String, packing pack: [ShellWord], createdBy: String, options: [ShellWord] = []
    ) {
        let layer = ShellWord.file(name + ".layer")
        whole.functions.insert(.pack)
        if let root = state.root {
            // The unpacked stage gets the same files.
            let store: ShellWord = isOfTarget ? "store" : "keep"
            whole.functions.formUnion([.storeUnpacked, isOfTarget ? .store : .keep])
            script.pipeline([["store_unpacked", .file(root), store, layer] + pack])
        } else if isOfTarget, whole.request.knownImage != nil {
            whole.functions.insert(.store)
            script.pipeline([["store", layer] + pack])
        } else {
            script.pipeline(
                [["pack"] + pack, ["behind", "oci-zstd"], ["behind"] + pushBlob], to: layer)
        }
        append(name, createdBy: createdBy, options: options)
    }

    var pushBlob: [ShellWord] { ["oci-push-blob"] + registryOptions + [place] }

    mutating func append(_ name: String, createdBy: String, options: [ShellWord] = []) {
        let append: [ShellWord] = [
            "oci-manifest-append", .option("created-by", createdBy),
            .option("comment", BuildHistory.comment), .file(name + ".layer"),
        ]
        script.pipeline(
            options.isEmpty ? [append] : [append, ["oci-config"] + options],
            from: .file(state.image + ".json"), to: .file(name + ".json"))
        state.image = name
        state.addLayer(at: place)
    }

    private mutating func compileWorkingDirectory(_ instruction: Instruction) throws {
        guard case .text(let word) = instruction.arguments else { return }
        // An empty path means the current directory, as in BuildKit.
        var directory = state.absolute(try expand(word, of: instruction))
        if directory != "/", directory.hasSuffix("/") { directory.removeLast() }
        state.workingDirectory = directory
        if directory == "/" {
            config.comment(StageCompiler.origin(instruction, whole))
            config.set("workdir", directory)
            config.addHistory("WORKDIR /")
            return
        }
        let name = beginCopy(instruction)
        var pack: [ShellWord] = ["oci-tar", .option("copy", directory + "/")]
        let needsNames = !StageCompiler.isNumeric(state.user)
        if let base = base(needsNames: needsNames) { pack.append(.option("base", base)) }
        if !state.user.isEmpty { pack.append(.option("chown", state.user)) }
        appendLayer(
            name, packing: pack, createdBy: "WORKDIR \(directory)",
            options: [.option("workdir", directory)])
    }
}

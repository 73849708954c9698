import JSON
import OCI

extension StageCompiler {
    /// Compiles RUN: the stage is unpacked, the program runs in it, and what changed is a layer.
    mutating func compileRun(_ instruction: Instruction) throws {
        try checkFlags(instruction)
        let flags = instruction.flags.filter { $0.name == "mount" }
        var mounts: [RunMount] = []
        for flag in flags { mounts.append(try mount(flag, instruction)) }
        // What mounts come from is compiled before this instruction's lines begin.
        var sources: [Int: SourceName] = [:]
        for (index, mount) in mounts.enumerated() {
            guard let from = mount.from else { continue }
            let source = try source(
                named: from, at: instruction.position(of: flags[index]), instruction)
            _ = whole.root(of: source, holding: [mount.source ?? "/"])
            sources[index] = source
        }
        let words = try words(of: instruction)
        let name = beginLayer(instruction)
        whole.usesPrivateRoots = true
        whole.noteRun(at: instruction.position, state.platform)
        // Stages that are built on one stage begin with the same image, each in a directory of its own.
        let bundle =
            state.root.map { String($0.dropLast("/rootfs".count)) }
            ?? whole.newName(state.image + ".bundle")
        let line = instruction.position.line
        // Triggers of a base all have the line of FROM.
        let id = whole.newName("\(bundle)/\(line)").dropFirst(bundle.count + 1)
        var step = Step(bundle: bundle, name: name, line: line, id: String(id))
        if case .script(let heredoc) = words { writeScript(heredoc, &step) }
        let arguments = words.arguments(of: state)
        if !whole.request.stepCaches.isEmpty {
            recall(arguments, mounts, sources, step, instruction)
        }
        prepareRoot(step)
        for (index, mount) in mounts.enumerated() {
            try prepare(
                mount, from: sources[index].flatMap { whole.sources[$0]?.root }, number: index,
                instruction, &step)
        }
        script.pipeline([["host_files", .file(bundle)]])
        let places = step.mounts.filter { !$0.isInDevices }.map {
            ShellWord(quoting: "\($0.kind == .tmpfs ? "" : $0.place):\($0.target)")
        }
        script.pipeline([["begin_run", .file(bundle)] + places])
        script.pipeline(
            [["oci-snapshot", .file(step.root)]], to: .file(name + ".before"))
        let isConnected = instruction.flag("network")?.value != "none"
        switch whole.request.isolation {
        case .oci: runContainer(arguments, isConnected: isConnected, step)
        case .chroot: try runChroot(arguments, isConnected: isConnected, step, instruction)
        }
        script.pipeline(
            [["oci-diff", "--null", .file(name + ".before"), .file(step.root)]],
            to: .file(name + ".changes"))
        let pack: [ShellWord] = [
            "oci-tar", .option("files-from", .file(name + ".changes")), "--null", "\"$owners\"",
            "--mtime=keep", "--xattrs", .file(step.root),
        ]
        // A cache that is a layout gets the layer from the same reading, if it can be written.
        let caches = whole.request.stepCacheWords
        let layouts = caches.filter(\.isLayout).map(\.ifUsable)
        script.pipeline(
            [pack, ["oci-zstd"], pushBlob + layouts],
            to: .file(name + ".layer"))
        script.pipeline([["remove_places", .file(step.root), "\"$stubs\""]])
        // What was found in a cache behind another is kept in the nearer one too.
        for cache in caches.reversed() {
            script.pipeline([["remember", place, cache.word, .file(name), platform]])
            script.endBlock()
        }
        append(name, createdBy: history(arguments))
    }

    private var platform: ShellWord { ShellWord(quoting: state.platform.specifier) }

    /// Begins the blocks of what is done when no cache has the step, one for each cache.
    private mutating func recall(
        _ arguments: [String], _ mounts: [RunMount], _ sources: [Int: SourceName], _ step: Step,
        _ instruction: Instruction
    ) {
        let list = JSON.array(arguments.map { .string($0) }).serialized()
        var key: [ShellWord] = [
            "oci-step", .option("args", String(decoding: list, as: UTF8.self)),
        ]
        for (name, value) in declaredArguments { key.append(.option("env", "\(name)=\(value)")) }
        for (index, mount) in mounts.enumerated() {
            key.append(.option("mount", mount.text(target: state.absolute(mount.target ?? ""))))
            guard mount.kind == .bind || mount.from != nil else { continue }
            let content = ShellWord.file("\(step.name).mount.\(index)")
            if let name = sources[index], let source = whole.sources[name] {
                script.pipeline([["oci-layers"]], from: .file(source.image + ".json"), to: content)
            } else {
                script.pipeline([packSource(of: mount, from: nil), ["oci-digest"]], to: content)
            }
            key.append(.option("content", content))
        }
        if let file = step.script {
            let content = ShellWord.file(step.name + ".script")
            script.pipeline([["oci-digest"]], from: file, to: content)
            key.append(.option("content", content))
        }
        if let network = instruction.flag("network")?.value, network != "default" {
            key.append(.option("network", network))
        }
        script.pipeline(
            [key], from: .file(state.image + ".json"), to: .file(step.name + ".key"))
        for cache in whole.request.stepCacheWords {
            let recall: [ShellWord] = [
                "recall", place, cache.word, .file(step.name), platform, .file(step.root),
            ]
            script.beginBlock(recall.map(\.text).joined(separator: " ") + " || {")
        }
    }

    /// What runs, in one of the forms that there are.
    private enum Words {
        case command(Instruction.Arguments)
        /// A heredoc alone, whose first line says what runs it. The shell starts it.
        case script(Heredoc)
        /// A line, or several, for the shell.
        case lines(String)

        func arguments(of state: StageState) -> [String] {
            switch self {
            case .command(let arguments): state.words(arguments)
            case .script(let heredoc): state.words(.text(Word("/dev/pipes/\(heredoc.name)", at: 0)))
            case .lines(let text): state.words(.text(Word(text, at: 0)))
            }
        }
    }

    private func checkFlags(_ instruction: Instruction) throws(DockerfileError) {
        for flag in instruction.flags {
            let isKnown =
                switch flag.name {
                case "mount": true
                case "network": ["default", "host", "none"].contains(flag.value ?? "")
                case "security": flag.value == "sandbox"
                default: false
                }
            if !isKnown {
                throw DockerfileError(
                    instruction.position(of: flag),
                    .unsupported("RUN --\(flag.name)=\(flag.value ?? "")"))
            }
        }
        switch instruction.arguments {
        case .none, .json([]): throw instruction.malformed("there is nothing to run")
        case .json, .words, .pairs, .text, .trigger, .check: break
        }
        if state.platform.os != "linux" {
            throw instruction.malformed("it runs on linux alone, not \(state.platform.os)")
        }
    }

    private func words(of instruction: Instruction) throws(DockerfileError) -> Words {
        guard case .text(let word) = instruction.arguments, !instruction.heredocs.isEmpty else {
            return .command(instruction.arguments)
        }
        if Heredoc(word: word.text) != nil, let heredoc = instruction.heredocs.first {
            guard heredoc.text.hasPrefix("#!") else { return .lines(heredoc.text) }
            guard !heredoc.name.utf8.contains(UInt8(ascii: "/")), heredoc.name != "..",
                heredoc.name != "."
            else { throw instruction.malformed("'\(heredoc.name)' is no name of a file") }
            return .script(heredoc)
        }
        var text = word.text
        for heredoc in instruction.heredocs { text += "\n\(heredoc.content)\(heredoc.name)" }
        return .lines(text)
    }

    /// As BuildKit writes it: the arguments that were declared, then the words.
    private func history(_ arguments: [String]) -> String {
        let declared = state.arguments.map { name, value in
            "\(name)=\(state.variables[name] ?? value ?? "")"
        }
        let count = declared.isEmpty ? [] : ["|\(declared.count)"]
        return "RUN " + (count + declared + arguments).joined(separator: " ") + " # buildkit"
    }

    // MARK: the root file system

    /// Unpacks the stage where it is not unpacked yet.
    private mutating func prepareRoot(_ step: Step) {
        let isUnpacked = state.root != nil
        state.root = step.root
        if isUnpacked, whole.request.stepCaches.isEmpty { return }
        if isUnpacked { script.beginBlock("[ -d \(ShellWord.file(step.root).text) ] || {") }
        script.pipeline([["as_directory", .file(step.root)]])
        if !state.isEmpty {
            script.pipeline(
                [
                    ["oci-flatten"] + registryOptions + state.placeOptions,
                    ["oci-untar", "${rootless:+--rootless}", .file(step.root)],
                ], from: .file(state.image + ".json"))
        }
        if isUnpacked { script.endBlock() }
    }

    private mutating func writeScript(_ heredoc: Heredoc, _ step: inout Step) {
        let directory = "\(step.bundle)/script.\(step.id)"
        let file = ShellWord.file(directory) / heredoc.name
        script.pipeline([["mkdir", "-p", .file(directory)]])
        script.file(file, content: heredoc.text)
        script.pipeline([["chmod", "755", file]])
        step.script = file
        step.mounts.append(
            Mount(kind: .readOnly, place: "script.\(step.id)", target: "/dev/pipes"))
    }
}

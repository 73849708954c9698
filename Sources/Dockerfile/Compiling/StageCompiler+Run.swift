import JSON
import OCI

extension StageCompiler {
    /// Compiles RUN: unpacks the stage, runs the program in it and packs what changed as a layer.
    mutating func compileRun(_ instruction: Instruction) throws {
        try checkFlags(instruction)
        let mounts = try mounts(of: instruction)
        let words = try words(of: instruction)
        var step = beginStep(instruction)
        if case .script(let heredoc) = words { writeScript(heredoc, &step) }
        let arguments = words.arguments(of: state)
        if !whole.request.stepCaches.isEmpty { recall(arguments, mounts, step, instruction) }
        prepareRoot(step)
        for (index, (mount, source)) in mounts.enumerated() {
            let root = source.flatMap { whole.sources[$0]?.root }
            try prepare(mount, from: root, number: index, instruction, &step)
        }
        prepareMountPoints(step)
        script.pipeline([["oci-snapshot", .file(step.root)]], to: .file(step.name + ".before"))
        let isConnected = instruction.flag("network")?.value != "none"
        switch whole.request.isolation {
        case .oci: runContainer(arguments, isConnected: isConnected, step)
        case .chroot: try runChroot(arguments, isConnected: isConnected, step, instruction)
        }
        packChanges(step)
        append(step.name, createdBy: history(arguments))
    }

    /// A mount, and the stage or image that it is copied from; nil for the context.
    private typealias SourcedMount = (mount: RunMount, source: SourceName?)

    /// Parses the mounts of an instruction, then compiles the stages that they are copied from,
    /// whose lines come before those of this instruction.
    private mutating func mounts(of instruction: Instruction) throws -> [SourcedMount] {
        let flags = instruction.flags.filter { $0.name == "mount" }
        var mounts: [SourcedMount] = []
        for flag in flags { mounts.append((try mount(flag, instruction), nil)) }
        for (index, flag) in flags.enumerated() {
            let mount = mounts[index].mount
            guard let from = mount.from else { continue }
            let source = try source(named: from, at: instruction.position(of: flag), instruction)
            _ = whole.root(of: source, holding: [mount.source ?? "/"])
            mounts[index].source = source
        }
        return mounts
    }

    private mutating func beginStep(_ instruction: Instruction) -> Step {
        let name = beginLayer(instruction)
        whole.usesPrivateRoots = true
        whole.noteRun(at: instruction.position, state.platform)
        // Stages that are built on one stage begin with the same image, each in a directory of its own.
        let bundle =
            state.root.map { String($0.dropLast("/rootfs".count)) }
            ?? whole.newName(state.image + ".bundle")
        let line = instruction.position.line
        // All triggers of a base have the line of FROM.
        let id = whole.newName("\(bundle)/\(line)").dropFirst(bundle.count + 1)
        return Step(bundle: bundle, name: name, line: line, id: String(id))
    }

    /// Creates the mount points before the snapshot, so that they are not among the changes.
    private mutating func prepareMountPoints(_ step: Step) {
        script.pipeline([["host_files", .file(step.bundle)]])
        let places = step.mounts.filter { !$0.isInDevices }.map {
            ShellWord(quoting: "\($0.kind == .tmpfs ? "" : $0.place):\($0.target)")
        }
        script.pipeline([["begin_run", .file(step.bundle)] + places])
    }

    /// Packs what the program changed, and stores the layer in the caches.
    private mutating func packChanges(_ step: Step) {
        let changes = ShellWord.file(step.name + ".changes")
        script.pipeline(
            [["oci-diff", "--null", .file(step.name + ".before"), .file(step.root)]], to: changes)
        let pack: [ShellWord] = [
            "oci-tar", .option("files-from", changes), "--null", "\"$owners\"", "--mtime=keep",
            "--xattrs", .file(step.root),
        ]
        // A cache that is a layout gets the layer from the same reading, if it can be written.
        let caches = whole.request.stepCacheWords
        let layouts = caches.filter(\.isLayout).map(\.ifUsable)
        script.pipeline(
            [pack, ["oci-zstd"], pushBlob + layouts], to: .file(step.name + ".layer"))
        script.pipeline([["remove_places", .file(step.root), "\"$stubs\""]])
        // `recall` opened a block for each cache. A layer that a later cache had is stored in the
        // caches before it too.
        for cache in caches.reversed() {
            script.pipeline([["remember", place, cache.word, .file(step.name), platform]])
            script.endBlock()
        }
    }

    private var platform: ShellWord { ShellWord(quoting: state.platform.description) }

    /// Looks for the step in each cache, and opens a block of commands that run when it is not there.
    private mutating func recall(
        _ arguments: [String], _ mounts: [SourcedMount], _ step: Step, _ instruction: Instruction
    ) {
        let list = JSON.array(arguments.map { .string($0) }).serialized()
        var key: [ShellWord] = [
            "oci-step", .option("args", String(decoding: list, as: UTF8.self)),
        ]
        for (name, value) in declaredArguments { key.append(.option("env", "\(name)=\(value)")) }
        for (index, (mount, sourceName)) in mounts.enumerated() {
            key.append(.option("mount", mount.text(target: state.absolute(mount.target ?? ""))))
            guard mount.kind == .bind || mount.from != nil else { continue }
            let content = ShellWord.file("\(step.name).mount.\(index)")
            if let sourceName, let source = whole.sources[sourceName] {
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

    /// What RUN runs.
    private enum Words {
        case command(Instruction.Arguments)
        /// A heredoc that begins with `#!`, and nothing else. The shell starts it.
        case script(Heredoc)
        /// One or more lines for the shell.
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

    /// The history text, as BuildKit writes it: the declared arguments, then the words.
    private func history(_ arguments: [String]) -> String {
        let declared = state.arguments.map { name, value in
            "\(name)=\(state.variables[name] ?? value ?? "")"
        }
        let count = declared.isEmpty ? [] : ["|\(declared.count)"]
        return "RUN " + (count + declared + arguments).joined(separator: " ") + " # buildkit"
    }

    // MARK: the root file system

    /// Unpacks the stage unless it is unpacked already.
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

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
        whole.firstRun = whole.firstRun ?? instruction.position
        let bundle =
            state.root.map { String($0.dropLast("/rootfs".count)) } ?? state.image + ".bundle"
        var step = Step(bundle: bundle, name: name, line: instruction.position.line)
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
        let targets = step.targets.map { ShellWord(quoting: $0) }
        script.pipeline([["begin_run", .file(step.root)] + targets])
        script.pipeline(
            [["oci-snapshot", .file(step.root)]], to: .file(name + ".before"))
        switch whole.request.isolation {
        case .oci: runContainer(arguments, isConnected: isConnected(instruction), step)
        case .chroot: try runChroot(arguments, step, instruction)
        }
        script.pipeline([["remove_places", .file(step.root), "\"$missing\""]])
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

    private var platform: ShellWord { ShellWord(quoting: state.platform.description) }

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
            guard mount.kind == .bind else { continue }
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

    /// Where a step runs.
    private struct Step {
        let bundle: String
        let name: String
        let line: Int
        /// Options of `oci-runtime-config`.
        var mounts: [ShellWord] = []
        /// Paths that are mounted on.
        var targets: [String] = []
        var environment: [(name: String, value: String)] = []
        /// Mounts of an agent.
        var agentCount = 0
        /// The script of a heredoc, when that is what runs.
        var script: ShellWord?

        var root: String { bundle + "/rootfs" }
    }

    /// What runs, in one of the forms that there are.
    private enum Words {
        case command(Instruction.Arguments)
        /// A heredoc alone, whose first line says what runs it.
        case script(Heredoc)
        /// A line, or several, for the shell.
        case lines(String)

        func arguments(of state: StageState) -> [String] {
            switch self {
            case .command(let arguments): state.words(arguments)
            case .script(let heredoc): ["/dev/pipes/\(heredoc.name)"]
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
        if case .none = instruction.arguments {
            throw instruction.malformed("there is nothing to run")
        }
        if state.platform.os != "linux" {
            throw instruction.malformed("it runs on linux alone, not \(state.platform.os)")
        }
    }

    private func isConnected(_ instruction: Instruction) -> Bool {
        instruction.flag("network")?.value != "none"
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
        let directory = "\(step.bundle)/script.\(step.line)"
        let file = ShellWord.file(directory) / heredoc.name
        script.pipeline([["mkdir", "-p", .file(directory)]])
        script.file(file, content: heredoc.text)
        script.pipeline([["chmod", "755", file]])
        step.script = file
        step.mounts.append(.option("mount", "script.\(step.line):/dev/pipes"))
    }

    // MARK: mounts

    private mutating func mount(
        _ flag: Instruction.Flag, _ instruction: Instruction
    ) throws -> RunMount {
        do {
            return try RunMount(flag.value ?? "") { (text) throws(DockerfileError) in
                try instruction.expand(
                    Word(text, at: flag.offset), state.variables, escape, &whole.substitutions)
            }
        } catch let error as ValueError {
            throw DockerfileError(
                instruction.position(of: flag), .malformed(.run, "--mount: \(error.problem)"))
        }
    }

    /// Puts what is mounted into the bundle.
    private mutating func prepare(
        _ mount: RunMount, from root: String?, number: Int, _ instruction: Instruction,
        _ step: inout Step
    ) throws {
        let place = "mount.\(step.line).\(number)"
        if state.absolute(mount.target ?? "").unicodeScalars.contains("\n") {
            throw instruction.malformed("--mount: a newline in 'target'")
        }
        let file = ShellWord.file("\(step.bundle)/\(place)")
        var isReadOnly = mount.isReadOnly ?? true
        var target = state.absolute(mount.target ?? "")
        switch mount.kind {
        case .tmpfs:
            step.targets.append(target)
            step.mounts.append(
                .option("tmpfs", "\(mount.size.map { "\($0)" } ?? ""):\(target)"))
            return
        case .bind: copySource(of: mount, from: root, to: file)
        case .cache:
            isReadOnly = mount.isReadOnly ?? false
            prepareCache(mount, target, file)
        case .secret:
            let id =
                mount.id ?? mount.source ?? target.split(separator: "/").last.map(String.init) ?? ""
            if mount.target == nil { target = "/run/secrets/\(id)" }
            guard let secret = whole.request.secrets.last(where: { $0.key.isSame(as: id) }) else {
                if !mount.isRequired { return }
                throw instruction.malformed("there is no secret '\(id)'; give it with --secret")
            }
            script.pipeline([["cat", "--", ShellWord(quoting: secret.value)]], to: file)
            script.pipeline([
                ["chmod", ShellWord(quoting: String(mount.mode ?? 0o400, radix: 8)), file]
            ])
            setOwner(of: file, mount)
        case .ssh:
            if mount.target == nil { target = "/run/buildkit/ssh_agent.\(step.agentCount)" }
            try prepareAgent(mount, place, target, instruction, &step)
            step.targets.append(target)
            return
        }
        step.targets.append(target)
        step.mounts.append(
            .option(isReadOnly ? "mount" : "writable-mount", "\(place):\(target)"))
    }

    /// The agent's socket, where there is one when the script runs.
    private mutating func prepareAgent(
        _ mount: RunMount, _ place: String, _ target: String, _ instruction: Instruction,
        _ step: inout Step
    ) throws(DockerfileError) {
        step.agentCount += 1
        if step.agentCount == 1, state.variables["SSH_AUTH_SOCK"] == nil {
            step.environment.append(("SSH_AUTH_SOCK", target))
        }
        let id = mount.id ?? "default"
        guard id == "default" else {
            if !mount.isRequired { return }
            throw instruction.malformed(
                "there is no agent '\(id)'; that of SSH_AUTH_SOCK is 'default'")
        }
        let variable = "agent\(step.agentCount)"
        script.code("\(variable)=")
        script.code("if [ -S \"${SSH_AUTH_SOCK:-}\" ]; then")
        let file = ShellWord.file("\(step.bundle)/\(place)")
        script.code("\tln -sfn \"$SSH_AUTH_SOCK\" \(file.text)")
        let option = ShellWord(quoting: "--mount=\(place):\(target)")
        script.code("\t\(variable)=\(option.text)")
        if mount.isRequired {
            let problem = "there is no SSH_AUTH_SOCK for RUN --mount=type=ssh"
            script.code("else\n\techo \(ShellWord(quoting: problem).text) >&2\n\texit 69")
        }
        script.code("fi")
        step.mounts.append(ShellWord(code: "${\(variable):+\"$\(variable)\"}"))
    }

    /// A bind mount has a copy: no link leads out of it, what the context does not have is not in it,
    /// and what is written is dropped.
    private mutating func copySource(of mount: RunMount, from root: String?, to file: ShellWord) {
        let pack = packSource(of: mount, from: root, keepsTimes: true)
        script.pipeline([["mkdir", ShellWord(suffixing: file, ".copy")]])
        script.pipeline([
            pack,
            ["oci-untar", "${rootless:+--rootless}", ShellWord(suffixing: file, ".copy")],
        ])
        script.pipeline([
            ["mv", ShellWord(suffixing: file, ".copy/copy"), file]
        ])
    }

    private func packSource(
        of mount: RunMount, from root: String?, keepsTimes: Bool = false
    ) -> [ShellWord] {
        var pack: [ShellWord] = ["oci-tar", "--copy=/copy"]
        if let root {
            pack += [.option("context", .file(root)), "\"$owners\""]
        } else {
            pack.append(.option("context", whole.request.context))
            if let ignored = whole.request.ignoreFile {
                pack.append(.option("exclude-from", ignored))
            }
            pack += whole.request.outputOptions
        }
        pack.append(keepsTimes ? "--mtime=keep" : "--mtime=0")
        return pack + ["--", ShellWord(quoting: mount.source ?? "/")]
    }

    private mutating func prepareCache(
        _ mount: RunMount, _ target: String, _ file: ShellWord
    ) {
        // One directory for each id; the id may have any characters.
        let id = Array((mount.id ?? target).utf8)
            .map { String($0, radix: 16) }.joined(separator: "")
        let name = String(id.suffix(200))
        let directory =
            whole.request.mountCache == nil
            ? .file("cache-\(name)") : ShellWord(code: "\"$mounts\"/\(name)")
        script.pipeline([["mkdir", "-p", "--", directory]])
        if let mode = mount.mode {
            script.pipeline([
                ["chmod", ShellWord(quoting: String(mode, radix: 8)), "--", directory]
            ])
        }
        setOwner(of: directory, mount)
        script.code("ln -sfn \"$(cd -- \(directory.text) && pwd -P)\" \(file.text)")
    }

    private mutating func setOwner(of file: ShellWord, _ mount: RunMount) {
        guard mount.uid != nil || mount.gid != nil else { return }
        let owner = ShellWord(quoting: "\(mount.uid ?? 0):\(mount.gid ?? 0)")
        script.code("[ -n \"$rootless\" ] || chown \(owner.text) -- \(file.text)")
    }

    // MARK: running

    /// The variables of RUN that are in no config.
    private func environment(_ step: Step) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for argument in whole.request.buildArguments where StageCompiler.isProxy(argument.key) {
            result.append((argument.key, argument.value))
        }
        return result + declaredArguments + step.environment
    }

    private var declaredArguments: [(name: String, value: String)] {
        state.arguments.compactMap { argument in
            state.variables[argument.name].map { (argument.name, $0) }
        }
    }

    private mutating func runContainer(_ arguments: [String], isConnected: Bool, _ step: Step) {
        let variables = environment(step)
        let list = JSON.array(arguments.map { .string($0) }).serialized()
        var config: [ShellWord] = [
            "oci-runtime-config", "--step", .option("rootfs", .file(step.root)),
            .option("args", String(decoding: list, as: UTF8.self)), "${rootless:+--rootless}",
        ]
        config.append(isConnected ? "--network=host" : "--network=none")
        config += [
            .option("writable-mount", "hosts:/etc/hosts"),
            .option("writable-mount", "resolv.conf:/etc/resolv.conf"),
        ]
        config += step.mounts
        let edit =
            ["oci-config"] + variables.map { ShellWord.option("env", "\($0.name)=\($0.value)") }
        script.pipeline(
            variables.isEmpty ? [config] : [edit, config], from: .file(state.image + ".json"),
            to: .file(step.bundle + "/config.json"))
        script.code("container=ocinoco-$$-\(step.line)")
        script.pipeline([
            ["run_step", ShellWord(quoting: "\(step.line)"), "run_container", .file(step.bundle)]
        ])
    }

    private mutating func runChroot(
        _ arguments: [String], _ step: Step, _ instruction: Instruction
    ) throws {
        if let flag = instruction.flag("network"), flag.value == "none" {
            throw DockerfileError(
                instruction.position(of: flag),
                .unsupported("RUN --network=none with --isolation chroot"))
        }
        if !step.mounts.isEmpty {
            throw DockerfileError(
                instruction.position, .unsupported("RUN --mount with --isolation chroot"))
        }
        var variables = state.environment
        for (name, value) in environment(step) { variables[name] = value }
        if variables["HOME"] == nil { variables["HOME"] = "/root" }
        var command: [ShellWord] = [
            "run_step", ShellWord(quoting: "\(step.line)"), "in_chroot", .file(step.bundle), "env",
            "-i", "--",
        ]
        let all = variables.entries.map { ShellWord(quoting: "\($0.name)=\($0.value)") }
        command += zip(variables.entries, all).filter { !isLoaders($0.0.name) }.map(\.1)
        command.append("\"$chroot\"")
        if !state.user.isEmpty {
            let isNumber = state.user.utf8.allSatisfy { (0x30...0x39).contains($0) }
            command.append(
                isNumber
                    ? ShellWord(
                        code: "--userspec=\"$(user_in \"$work\"/\(step.root) \(state.user))\"")
                    : .option("userspec", state.user))
        }
        command.append(.file(step.root))
        // What the program that makes the chroot would heed itself is set inside.
        let inside = zip(variables.entries, all).filter { isLoaders($0.0.name) }.map(\.1)
        if !inside.isEmpty {
            let code =
                "cd \"$0\" && while [ \"$1\" != -- ]; do export \"$1\"; shift; done && shift && "
                + "exec \"$@\""
            command += ["/bin/sh", "-c", ShellWord(quoting: code)]
            command += [ShellWord(quoting: state.workingDirectory)] + inside + ["--"]
        } else if state.workingDirectory != "/" {
            command += [
                "/bin/sh", "-c", ShellWord(quoting: "cd \"$0\" && exec \"$@\""),
                ShellWord(quoting: state.workingDirectory),
            ]
        }
        command += arguments.map { ShellWord(quoting: $0) }
        if !state.user.isEmpty { script.pipeline([["needs_userspec"]]) }
        script.pipeline([command])
    }

    /// Whether a variable is one that the dynamic loader of the host heeds.
    private func isLoaders(_ name: String) -> Bool {
        name.hasPrefix("LD_") || name == "GLIBC_TUNABLES"
    }
}

import JSON
import OCI

extension StageCompiler {
    mutating func mount(
        _ flag: Instruction.Flag, _ instruction: Instruction
    ) throws -> RunMount {
        do {
            let mount = try RunMount(flag.value ?? "") { (text) throws(DockerfileError) in
                try instruction.expand(
                    Word(text, at: flag.offset), state.variables, escape, &whole.substitutions)
            }
            let isPlaced = mount.target != nil || ![.secret, .ssh].contains(mount.kind)
            if isPlaced, state.absolute(mount.target ?? "") == "/" {
                throw ValueError("'target' is the root directory")
            }
            return mount
        } catch let error as ValueError {
            throw instruction.malformed("--mount: \(error.problem)", at: flag)
        }
    }

    /// Writes the commands that put the source of a mount into the bundle, and adds it to the step.
    mutating func prepare(
        _ mount: RunMount, from root: String?, number: Int, _ instruction: Instruction,
        _ step: inout Step
    ) throws {
        let place = "mount.\(step.id).\(number)"
        if state.absolute(mount.target ?? "").unicodeScalars.contains("\n") {
            throw instruction.malformed("--mount: a newline in 'target'")
        }
        let file = ShellWord.file("\(step.bundle)/\(place)")
        var kind: Mount.Kind = mount.isReadOnly ?? true ? .readOnly : .writable
        var target = state.absolute(mount.target ?? "")
        switch mount.kind {
        case .tmpfs:
            step.mounts.append(
                Mount(
                    kind: .tmpfs, place: mount.size.map { "\($0)" } ?? "", target: target))
            return
        case .bind: copySource(of: mount, from: root, to: file)
        case .cache:
            kind = mount.isReadOnly ?? false ? .readOnly : .cache
            prepareCache(mount, from: root, target, file)
        case .secret:
            let id =
                mount.id ?? mount.source ?? target.split(separator: "/").last.map(String.init) ?? ""
            if mount.target == nil { target = "/run/secrets/\(id)" }
            let secrets = whole.request.secrets
            guard let number = secrets.lastIndex(where: { $0.key.isSame(as: id) }) else {
                if !mount.isRequired { return }
                throw instruction.malformed(
                    "there is no secret '\(id)'; give it with --secret \(id)=FILE")
            }
            let source = ShellWord(quoting: secrets[number].value)
            script.pipeline([["secret", ShellWord(quoting: "\(number)"), source]], to: file)
            script.pipeline([
                ["chmod", ShellWord(quoting: String(mount.mode ?? 0o400, radix: 8)), file]
            ])
            setOwner(of: file, mount)
            if let name = mount.variable {
                step.secretVariables.append((name, place))
                if mount.target == nil { return }
            }
        case .ssh:
            if mount.target == nil { target = "/run/buildkit/ssh_agent.\(step.agentCount)" }
            try prepareAgent(mount, place, target, instruction, &step)
            return
        }
        step.mounts.append(Mount(kind: kind, place: place, target: target))
    }

    /// Writes the commands that link the agent's socket, if there is one when the script runs.
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
        script.code("\t\(variable)=yes")
        if mount.isRequired {
            let problem = "there is no SSH_AUTH_SOCK for RUN --mount=type=ssh"
            script.code("else\n\techo \(ShellWord(quoting: problem).text) >&2\n\texit 69")
        }
        script.code("fi")
        step.mounts.append(
            Mount(kind: .agent, place: place, target: target, condition: variable))
    }

    /// Copies the source of a bind mount: no link leads out of the copy, it has no ignored files, and
    /// changes to it are lost.
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

    func packSource(
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
        // The source is a path, not a pattern.
        var source = String.UnicodeScalarView()
        for scalar in (mount.source ?? "/").unicodeScalars {
            if ["*", "?", "[", "\\"].contains(scalar) { source.append("\\") }
            source.append(scalar)
        }
        return pack + ["--", ShellWord(quoting: String(source))]
    }

    /// A cache that has a source begins as a copy of it.
    private mutating func prepareCache(
        _ mount: RunMount, from root: String?, _ target: String, _ file: ShellWord
    ) {
        // One directory for each id; the id may have any characters.
        let id = Array((mount.id ?? target).utf8)
            .map { String($0, radix: 16) }.joined(separator: "")
        let name = String(id.suffix(200))
        let directory =
            whole.request.mountCache == nil
            ? .file("cache-\(name)") : ShellWord(code: "\"$mounts\"/\(name)")
        if let root {
            script.beginBlock("[ -d \(directory.text) ] || {")
            let copy = ShellWord(suffixing: file, ".first")
            copySource(of: mount, from: root, to: copy)
            script.pipeline([["mv", "--", copy, directory]])
            script.endBlock()
        } else {
            script.pipeline([["mkdir", "-p", "--", directory]])
        }
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
}

import JSON
import OCI

/// How the program of RUN is run: in a container, or by chroot.
extension StageCompiler {
    /// The variables of RUN that the config does not get.
    private func environment(_ step: Step) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        // As in BuildKit, each proxy has both of its names.
        for argument in whole.request.buildArguments where StageCompiler.isProxy(argument.key) {
            result.append((argument.key.uppercased(), argument.value))
            result.append((argument.key.lowercased(), argument.value))
        }
        return result + declaredArguments + step.environment
    }

    var declaredArguments: [(name: String, value: String)] {
        state.arguments.compactMap { argument in
            state.variables[argument.name].map { (argument.name, $0) }
        }
    }

    mutating func runContainer(_ arguments: [String], isConnected: Bool, _ step: Step) {
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
        config += step.mounts.map(\.option)
        config += step.secretVariables.map { name, place in
            ShellWord(code: "--env-from=\(name)=" + ShellWord.file("\(step.bundle)/\(place)").text)
        }
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

    mutating func runChroot(
        _ arguments: [String], isConnected: Bool, _ step: Step, _ instruction: Instruction
    ) throws {
        noteMounts(step)
        if !step.secretVariables.isEmpty { script.code(RunFunctions.secretVariable) }
        // The loader of the host would use its variables too, so they are set inside the chroot.
        let (inner, outer) = chrootVariables(step)
        var command: [ShellWord] = [
            "run_step", ShellWord(quoting: "\(step.line)"), "in_chroot", .file(step.bundle),
            ShellWord(quoting: step.id), isConnected ? "host" : "none", "env", "-i", "--",
        ]
        command += outer
        for (name, place) in step.secretVariables {
            if isLoaderVariable(name) {
                throw instruction.malformed("--mount: a secret in '\(name)' is not supported")
            }
            command += ["/bin/sh", "-euc", "\"$with_secret\"", "sh", ShellWord(quoting: name)]
            command.append(.file("\(step.bundle)/\(place)"))
        }
        command.append("\"$chroot\"")
        if !state.user.isEmpty {
            command += [#"--userspec="$ids""#, #"--groups="$groups""#]
        }
        command.append(.file(step.root))
        command += directoryCommand(exporting: inner) + arguments.map { ShellWord(quoting: $0) }
        prepareUser(step)
        script.pipeline([command])
    }

    /// Writes the calls of `mount_at`, for a mount inside another one after it.
    private mutating func noteMounts(_ step: Step) {
        let mounts = step.mounts.sorted {
            $0.target.utf8.lexicographicallyPrecedes($1.target.utf8)
        }
        for mount in mounts {
            let condition = mount.condition.map { [ShellWord(code: "[ -z \"$\($0)\" ] ||")] }
            script.pipeline([
                (condition ?? []) + [
                    "mount_at", .file(step.bundle), ShellWord(quoting: step.id),
                    ShellWord(quoting: mount.kind.rawValue), ShellWord(quoting: mount.place),
                    ShellWord(quoting: mount.target),
                ]
            ])
        }
    }

    /// The variables of the program as words NAME=VALUE: those that chroot itself must not see, and
    /// the others.
    private func chrootVariables(_ step: Step) -> (inner: [ShellWord], outer: [ShellWord]) {
        var variables = state.environment
        for (name, value) in environment(step) { variables[name] = value }
        // The program's home is that of its user, also in place of an empty one, as with runc.
        let hasHome = hasHome(step)
        if !hasHome { variables["HOME"] = "" }
        var (inner, outer): ([ShellWord], [ShellWord]) = ([], [])
        for (name, value) in variables.entries {
            let isHome = name == "HOME" && !hasHome
            let word = isHome ? #"HOME="$home""# : ShellWord(quoting: "\(name)=\(value)")
            if isLoaderVariable(name) { inner.append(word) } else { outer.append(word) }
        }
        return (inner, outer)
    }

    /// Whether the stage says what the home directory is.
    private func hasHome(_ step: Step) -> Bool {
        let value = environment(step).last { $0.name == "HOME" }?.value
        return !(value ?? state.environment["HOME"] ?? "").isEmpty
    }

    /// Whether the dynamic loader reads this variable.
    private func isLoaderVariable(_ name: String) -> Bool {
        name.hasPrefix("LD_") || name == "GLIBC_TUNABLES"
    }

    /// Writes the calls that find out about the user, and make the working directory.
    private mutating func prepareUser(_ step: Step) {
        let root = ShellWord.file(step.root)
        if !hasHome(step) || !state.user.isEmpty {
            script.pipeline([["find_user", root, ShellWord(quoting: state.user)]])
        }
        if !state.user.isEmpty { script.pipeline([["needs_userspec"]]) }
        if state.workingDirectory != "/" {
            let directory = ShellWord(quoting: state.workingDirectory)
            script.pipeline([["make_directory", root, directory]])
        }
    }

    /// A command in front of the program that changes to its directory and sets variables; empty
    /// when neither is needed.
    private func directoryCommand(exporting variables: [ShellWord]) -> [ShellWord] {
        let directory = ShellWord(quoting: state.workingDirectory)
        if !variables.isEmpty {
            let code =
                "cd \"$0\" && while [ \"$1\" != -- ]; do export \"$1\"; shift; done && shift && "
                + "exec \"$@\""
            return ["/bin/sh", "-c", ShellWord(quoting: code), directory] + variables + ["--"]
        }
        if state.workingDirectory == "/" { return [] }
        return ["/bin/sh", "-c", ShellWord(quoting: "cd \"$0\" && exec \"$@\""), directory]
    }
}

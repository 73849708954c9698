import JSON
import OCI

/// How the program of RUN is run: in a container, or by chroot.
extension StageCompiler {
    /// The variables of RUN that are in no config.
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
        // A mount inside another must come after it.
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
        var variables = state.environment
        for (name, value) in environment(step) { variables[name] = value }
        // An empty one is replaced too, as by runc.
        let hasHome = !(variables["HOME"] ?? "").isEmpty
        if !hasHome { variables["HOME"] = "" }
        if !hasHome || !state.user.isEmpty {
            script.pipeline([["find_user", .file(step.root), ShellWord(quoting: state.user)]])
        }
        var command: [ShellWord] = [
            "run_step", ShellWord(quoting: "\(step.line)"), "in_chroot", .file(step.bundle),
            ShellWord(quoting: step.id), isConnected ? "host" : "none", "env", "-i", "--",
        ]
        let all: [ShellWord] = variables.entries.map { name, value in
            name == "HOME" && !hasHome
                ? #"HOME="$home""# : ShellWord(quoting: "\(name)=\(value)")
        }
        command += zip(variables.entries, all).filter { !isLoaders($0.0.name) }.map(\.1)
        if !step.secretVariables.isEmpty { script.code(RunFunctions.secretVariable) }
        for (name, place) in step.secretVariables {
            if isLoaders(name) {
                throw instruction.malformed("--mount: a secret in '\(name)' is not supported")
            }
            command += ["/bin/sh", "-euc", "\"$with_secret\"", "sh", ShellWord(quoting: name)]
            command.append(.file("\(step.bundle)/\(place)"))
        }
        command.append("\"$chroot\"")
        if !state.user.isEmpty {
            command += ["--userspec=\"$ids\"", "--groups=\"$groups\""]
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
        if state.workingDirectory != "/" {
            script.pipeline([
                [
                    "make_directory", .file(step.root),
                    ShellWord(quoting: state.workingDirectory),
                ]
            ])
        }
        script.pipeline([command])
    }

    /// Whether a variable is one that the dynamic loader of the host heeds.
    private func isLoaders(_ name: String) -> Bool {
        name.hasPrefix("LD_") || name == "GLIBC_TUNABLES"
    }
}

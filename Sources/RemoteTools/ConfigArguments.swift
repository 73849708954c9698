import ArgumentParser
import ToolSupport

/// Options of `oci-config` that are passed on to it.
struct ConfigArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "command"))
    var entrypoint: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "command"))
    var cmd: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "key=value"))
    var env: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "key"))
    var unsetEnv: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "directory"))
    var workdir: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "key=value"))
    var label: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "port[-last][/proto]"))
    var expose: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "path"))
    var volume: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "signal"))
    var stopSignal: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "command|json"))
    var healthcheck: String?

    @Flag(name: .customLong("no-healthcheck"), help: "Passed to oci-config.")
    var noHealthcheck = false

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "author"))
    var author: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "time"))
    var created: String?

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "field"))
    var clear: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "text"))
    var history: [Values<String>] = []

    @Option(help: ArgumentHelp("Passed to oci-config.", valueName: "file"))
    var patch: [Values<String>] = []

    init() {}

    /// The options as they are typed.
    var words: [String] {
        var words: [String] = []
        func add(_ name: String, _ values: [String]) {
            words += values.map { "--\(name)=\($0)" }
        }
        func add(_ name: String, _ value: String?) { add(name, value.map { [$0] } ?? []) }
        add("patch", patch.flattened())
        add("clear", clear.flattened())
        add("unset-env", unsetEnv.flattened())
        add("entrypoint", entrypoint)
        add("cmd", cmd)
        add("env", env.flattened())
        add("workdir", workdir)
        add("user", user)
        add("label", label.flattened())
        add("expose", expose.flattened())
        add("volume", volume.flattened())
        add("stop-signal", stopSignal)
        add("healthcheck", healthcheck)
        if noHealthcheck { words.append("--no-healthcheck") }
        add("author", author)
        add("created", created)
        add("history", history.flattened())
        return words
    }
}

import ArgumentParser
import ToolSupport

/// Options of `oci-config` that are passed on to it.
struct ConfigArguments: ParsableArguments {
    @Option(help: ArgumentHelp("As of oci-config.", valueName: "command"))
    var entrypoint: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "command"))
    var cmd: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "key=value"))
    var env: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "key"))
    var unsetEnv: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "directory"))
    var workdir: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "key=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "port[-last][/proto]"))
    var expose: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "path"))
    var volume: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "signal"))
    var stopSignal: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "command|json"))
    var healthcheck: String?

    @Flag(name: .customLong("no-healthcheck"), help: "As of oci-config.")
    var noHealthcheck = false

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "author"))
    var author: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "time"))
    var created: String?

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "field"))
    var clear: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "text"))
    var history: [String] = []

    @Option(help: ArgumentHelp("As of oci-config.", valueName: "file"))
    var patch: [String] = []

    init() {}

    /// The options as they are typed.
    var words: [String] {
        var words: [String] = []
        func add(_ name: String, _ values: [String]) {
            words += values.map { "--\(name)=\($0)" }
        }
        func add(_ name: String, _ value: String?) { add(name, value.map { [$0] } ?? []) }
        add("patch", patch)
        add("clear", clear)
        add("unset-env", unsetEnv)
        add("entrypoint", entrypoint)
        add("cmd", cmd)
        add("env", env)
        add("workdir", workdir)
        add("user", user)
        add("label", label)
        add("expose", expose)
        add("volume", volume)
        add("stop-signal", stopSignal)
        add("healthcheck", healthcheck)
        if noHealthcheck { words.append("--no-healthcheck") }
        add("author", author)
        add("created", created)
        add("history", history)
        return words
    }
}

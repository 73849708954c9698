import ArgumentParser
import ByteStream
import JSON
import OCI
import ToolSupport

/// The options of `oci-config`, each a change to an image's config.
struct ConfigOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Program that runs; clears an inherited cmd unless --cmd is there.",
            valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var entrypoint: CommandForm?

    @Option(
        help: ArgumentHelp(
            "Arguments of the entrypoint, or the program when there is none.",
            valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var cmd: CommandForm?

    @Option(
        help: ArgumentHelp(
            "Set an environment variable, in place if it exists.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var env: [Values<KeyValue>] = []

    @Option(
        help: ArgumentHelp("Remove an environment variable.", valueName: "key"),
        transform: Values.each(ArgumentText.nonemptyText))
    var unsetEnv: [Values<String>] = []

    @Option(
        help: ArgumentHelp(
            "Directory the program starts in; relative to the one there is.",
            valueName: "directory"),
        transform: ArgumentText.nonemptyText)
    var workdir: String?

    @Option(
        help: ArgumentHelp("User it runs as: NAME or UID, with [:GROUP].", valueName: "user"),
        transform: ArgumentText.nonemptyText)
    var user: String?

    @Option(
        help: ArgumentHelp("Set a label.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var label: [Values<KeyValue>] = []

    @Option(
        help: ArgumentHelp("Port that the program listens on.", valueName: "port[-last][/proto]"),
        transform: Values.each(ArgumentText.parsing(ExposedPorts.init)))
    var expose: [Values<ExposedPorts>] = []

    @Option(
        help: ArgumentHelp("Add a volume at this path.", valueName: "path"),
        transform: Values.each(ArgumentText.parsing(VolumePath.init)))
    var volume: [Values<VolumePath>] = []

    @Option(
        help: ArgumentHelp("Signal that stops the program.", valueName: "signal"),
        transform: ArgumentText.parsing(StopSignal.init))
    var stopSignal: StopSignal?

    @Option(
        help: ArgumentHelp(
            "Health check: a command, or Docker's JSON object.", valueName: "command|json"),
        transform: ArgumentText.parsing(Healthcheck.init))
    var healthcheck: Healthcheck?

    @Flag(
        name: .customLong("no-healthcheck"),
        help: "Disable the health check, also an inherited one.")
    var noHealthcheck = false

    @Option(
        help: ArgumentHelp(
            "Shell for commands in shell form, as a JSON array.", valueName: "command"),
        transform: ArgumentText.parsing(parseShell))
    var shell: [String]?

    @Option(
        help: ArgumentHelp(
            "Add an instruction for images built on this one.", valueName: "instruction"),
        transform: Values.each(ArgumentText.nonemptyText))
    var onbuild: [Values<String>] = []

    @Option(help: ArgumentHelp("Platform of the image.", valueName: "os/arch[/variant]"))
    var platform: Platform?

    @Option(help: "Author of the image.", transform: ArgumentText.text)
    var author: String?

    @Option(
        help: ArgumentHelp(
            "When it was made, as RFC 3339 (default: $SOURCE_DATE_EPOCH where anything changes, "
                + "else as it was).", valueName: "time"),
        transform: ArgumentText.parsing(Timestamp.init))
    var created: Timestamp?

    @Option(help: ArgumentHelp("Clear a field.", valueName: "field"))
    var clear: [ConfigField] = []

    @Option(
        help: ArgumentHelp("Add a history entry without a layer.", valueName: "text"),
        transform: Values.each(ArgumentText.nonemptyText))
    var history: [Values<String>] = []

    @Option(
        help: ArgumentHelp("Comment for the history entries.", valueName: "text"),
        transform: ArgumentText.nonemptyText)
    var comment: String?

    @Option(
        name: .customLong("patch"),
        help: ArgumentHelp("Apply a JSON merge patch (RFC 7396) to the config.", valueName: "file"))
    var patches: [Path] = []

    func validate() throws {
        if noHealthcheck && healthcheck != nil {
            throw ValidationError("--healthcheck and --no-healthcheck exclude each other")
        }
    }

    /// The changes; patches are read from their files.
    func edit(_ console: Console) throws -> ConfigEdit {
        for (name, command) in [("--entrypoint", entrypoint), ("--cmd", cmd)]
        where command?.isDoubtful ?? false {
            console.warn("\(name) is not a JSON array and taken as a line for the shell")
        }
        var edit = ConfigEdit()
        edit.patches = try patches.map(readPatch)
        edit.cleared = clear
        edit.entrypoint = entrypoint
        edit.cmd = cmd
        edit.unsetEnvironment = unsetEnv.flattened()
        edit.environment = env.flattened()
        edit.workingDirectory = workdir
        edit.user = user
        edit.labels = label.flattened()
        edit.exposedPorts = expose.flattened()
        edit.volumes = volume.flattened()
        edit.stopSignal = stopSignal
        edit.healthcheck = noHealthcheck ? Healthcheck.none : healthcheck
        edit.platform = platform
        edit.author = author
        edit.created = created
        edit.shell = shell
        edit.triggers = onbuild.flattened()
        edit.history = history.flattened()
        edit.historyComment = comment
        edit.sourceDate = try SourceDate.current()
        return edit
    }

    private func readPatch(_ path: Path) throws -> JSONObject {
        let bytes = try readFile(path, limit: ImageLines.lineByteLimit)
        do {
            return try JSONField(JSON.parse(bytes)).object()
        } catch {
            throw InputError.document(subject: "patch \(path.quoted)", error)
        }
    }
}

private let parseShell: @Sendable (String) throws(ValueError) -> [String] = {
    (text) throws(ValueError) in
    guard case .arguments(let words) = try CommandForm(text), !words.isEmpty else {
        throw ValueError("not a JSON array of strings")
    }
    return words
}

extension ConfigField: ExpressibleByArgument {}

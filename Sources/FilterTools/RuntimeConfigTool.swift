import ArgumentParser
import ByteStream
import Glibc
import OCI
import ToolSupport

/// `oci-runtime-config`: writes the config.json of a bundle.
public struct RuntimeConfigTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-runtime-config",
        abstract: "Turn an image's config into the config.json of a runtime.",
        usage: "oci-runtime-config [<options>]",
        discussion: """
            Reads one image line from stdin and writes to stdout the config.json of a bundle whose \
            root file system is rootfs. Volumes become directories in memory.

            Example:
              oci-fetch ghcr.io/example/app:latest |
                oci-runtime-config --rootfs bundle/rootfs >bundle/config.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Look up users and groups in this root file system.", valueName: "dir"))
    var rootfs: Path?

    @Option(
        help: ArgumentHelp(
            "Run this in place of the image's command: a JSON array, else a line for /bin/sh.",
            valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var args: CommandForm?

    @Flag(inversion: .prefixedNo, help: "Give the program a terminal.")
    var terminal = false

    @Flag(help: "Make the root file system read-only.")
    var readOnly = false

    @Option(help: "Host name in the container.", transform: ArgumentText.nonemptyText)
    var hostname = RuntimeConfig.Options().hostname

    @Flag(help: "For a user who is not root: run in a user namespace, where this user is root.")
    var rootless = false

    @Flag(
        help: """
            Check whether the image could run, as far as its config tells, and write nothing.
            """)
    var check = false

    @OptionGroup var step: StepOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        var options = RuntimeConfig.Options()
        options.arguments = args?.words(shell: ["/bin/sh", "-c"])
        options.hasTerminal = terminal
        options.isReadOnly = readOnly
        options.hostname = hostname
        try step.apply(to: &options)
        if rootless { options.rootlessOwner = ProcessUser(uid: geteuid(), gid: getegid()) }
        if check {
            try ImageLines.readOne(console) { image in
                let config = try image.config()
                if options.arguments == nil, try !config.runConfig().hasCommand {
                    options.arguments = ["sh"]
                }
                try config.checkRuns(options)
            }
            return
        }
        let root = try RootFileSystem(rootfs)
        let document = try ImageLines.readOne(console) { image in
            let config = try image.config()
            if options.arguments == nil, try !config.runConfig().hasCommand {
                console.warn("the image has no command: 'sh' stands in its place; see --args")
                options.arguments = ["sh"]
            }
            var user = try root.user(config.user)
            if rootless, user.uid != 0 || user.gid != 0 {
                console.warn("user \(quote(config.user)) becomes root, the only one there is")
                user = ProcessUser(uid: 0, gid: 0)
            }
            for volume in config.volumes where options.mountsVolumes {
                options.volumeAttributes[volume] = try root.attributes(of: volume)
            }
            return try RuntimeConfig(config, user: user, options: options).document
        }
        try OutputStream().write(document.serialized() + [UInt8(ascii: "\n")])
    }
}

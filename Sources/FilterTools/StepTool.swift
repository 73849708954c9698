import ArgumentParser
import ByteStream
import Hashing
import OCI
import ToolSupport

/// `oci-step`: prints the cache key of a program that changes an image.
public struct StepTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-step",
        abstract: "Print the key under which a cache stores the layer of a step.",
        usage: "oci-step --args <command> [<options>]",
        discussion: """
            Reads an image line from stdin and writes a key to stdout that can be a tag. The key \
            is a hash of everything the program of the step can see: the image's layers and \
            platform, the variables, user and directory of its config, and the options. Other \
            fields of the config, and the runtime, make no difference.

            Example:
              oci-step --args 'make install' <image.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Command to run: a JSON array, or else a line for /bin/sh.", valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var args: CommandForm

    @Option(
        help: ArgumentHelp(
            """
            Environment variable that the config does not set. May be repeated.
            """, valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var env: [Values<KeyValue>] = []

    @Option(
        help: ArgumentHelp(
            "Text that identifies a mount. May be repeated.",
            valueName: "text"),
        transform: ArgumentText.text)
    var mount: [String] = []

    @Option(
        help: ArgumentHelp(
            "Descriptor lines of mounted layers. May be repeated.", valueName: "file"))
    var content: [Path] = []

    @Option(
        help: ArgumentHelp(
            """
            Text that identifies a network other than the default.
            """, valueName: "text"),
        transform: ArgumentText.nonemptyText)
    var network: String?

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        var key = StepKey()
        key.arguments = args.words(shell: ["/bin/sh", "-c"])
        key.environment = env.flattened().map { "\($0.key)=\($0.value)" }
        key.mounts = mount
        key.network = network
        for path in content {
            key.contents += try readContents(path).map { $0.statedDiffID ?? $0.digest }
        }
        let document = try ImageLines.readOne(console) { image in
            try key.document(image.config())
        }
        let digest = Digest.of(document.serialized())
        try writeLines([Array("step-\(digest.encoded)".utf8)])
    }

    /// Reads descriptor lines. An empty file is an image without layers.
    private func readContents(_ path: Path) throws -> [Descriptor] {
        do {
            return try readDescriptors(from: InputStream(opening: path))
        } catch InputError.empty {
            return []
        }
    }
}

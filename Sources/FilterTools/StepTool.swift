import ArgumentParser
import ByteStream
import Hashing
import OCI
import ToolSupport

/// `oci-step`: the key of what a program would make of an image.
public struct StepTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-step",
        abstract: "Print the key under which a cache has the layer of a step.",
        usage: "oci-step --args <command> [<options>]",
        discussion: """
            Reads an image line from stdin and writes a key to stdout, which is a tag: the hash of \
            the image's layers and platform, of the variables, user and directory of its config, \
            and of what the options say of the program that changes it. Whatever else the config \
            has, and what runs the program, makes no difference.

            Example:
              oci-step --args 'make install' <image.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "What runs: a JSON array, else a line for /bin/sh.", valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var args: CommandForm

    @Option(
        help: ArgumentHelp(
            "A variable that the config does not have. May be repeated.", valueName: "key=value"),
        transform: ArgumentText.parsing(KeyValue.init))
    var env: [KeyValue] = []

    @Option(
        help: ArgumentHelp(
            "A mount, in any words that are always the same. May be repeated.",
            valueName: "text"),
        transform: ArgumentText.text)
    var mount: [String] = []

    @Option(
        help: ArgumentHelp(
            "Descriptor lines of what is mounted. May be repeated.", valueName: "file"))
    var content: [Path] = []

    @Option(
        help: ArgumentHelp("Another network than the usual one.", valueName: "text"),
        transform: ArgumentText.nonemptyText)
    var network: String?

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        var key = StepKey()
        key.arguments = args.words(shell: ["/bin/sh", "-c"])
        key.environment = env.map { "\($0.key)=\($0.value)" }
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

    /// A file without lines is an image without layers.
    private func readContents(_ path: Path) throws -> [Descriptor] {
        do {
            return try readDescriptors(from: InputStream(opening: path))
        } catch InputError.empty {
            return []
        }
    }
}

import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-compare`: prints the differences of two images.
public struct CompareTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-compare",
        abstract: "Show how two images differ.",
        usage: "oci-compare [<options>] <first> <second>",
        discussion: """
            Reads an image line from each of two files and writes a line for each difference to \
            stdout: config, annotations, layers, and with --files every file that differs and how. \
            Only layers that differ are read, and layers whose files decide what the others \
            change. The status is 1 when the images differ.

            Example:
              oci-fetch ghcr.io/example/app:1 >1.json
              oci-fetch ghcr.io/example/app:2 >2.json
              oci-compare --files 1.json 2.json
            """,
        version: Version.text)

    @Argument(help: "Image line of the first image; '-' is stdin.")
    var first: Path

    @Argument(help: "Image line of the second image; '-' is stdin.")
    var second: Path

    @Flag(help: "Compare the files of the images too.")
    var files = false

    @Flag(help: "Print a JSON document for each difference.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Differences to ignore, separated by commas: time, order, history.",
            valueName: "what"), transform: CompareTool.aspects)
    var ignore: Set<ImageAspect> = []

    @OptionGroup var tree: TreeOptions
    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if first == "-" && second == "-" { throw ValidationError("stdin is one image, not two") }
    }

    public func execute(_ console: Console) throws {
        let sources = try tree.sources()
        let images = (try image(first, console), try image(second, console))
        let differences = try registry.withStore(console) { store in
            try ImageComparison(
                tree.lister(store, sources),
                digests: tree.lister(store, sources, hashesContent: true), ignoring: ignore,
                comparesFiles: files
            ).differences(images.0, images.1)
        }
        let output = OutputBuffer()
        for difference in differences {
            let line = json ? difference.json.serialized() : Array(difference.text.utf8)
            try output.append(line + [UInt8(ascii: "\n")])
        }
        try output.flush()
        if !differences.isEmpty { throw NegativeAnswer() }
    }

    private func image(_ path: Path, _ console: Console) throws -> Image {
        let input =
            path == "-"
            ? try console.standardInput(expecting: "an image line")
            : try InputStream(opening: path)
        let images = try ImageLines.read(from: input)
        guard images.count == 1 else {
            throw InputError.refused(
                "\(images.count) image lines on \(input.path.quoted), where one should be")
        }
        return images[0]
    }

    @Sendable private static func aspects(_ text: String) throws -> Set<ImageAspect> {
        Set(
            try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
                guard let aspect = ImageAspect(rawValue: String(word)) else {
                    throw ValidationError(
                        "--ignore takes time, order and history, not \(quote(String(word)))")
                }
                return aspect
            })
    }
}

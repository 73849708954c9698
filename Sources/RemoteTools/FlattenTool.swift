import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-flatten`: an image as one tar.
public struct FlattenTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-flatten",
        abstract: "Write the files of an image as one tar.",
        usage: "oci-flatten [<options>]",
        discussion: """
            Reads an image line from stdin and writes a tar of what a container sees to stdout: \
            whiteouts applied, a file of several names once. Nothing is stored but listings: a \
            layer without one is read twice. On any error the tar has no end.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-flatten >app.tar
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Only this path, with what is in it. May be repeated.", valueName: "path"))
    var only: [Values<Path>] = []

    @OptionGroup var tree: TreeOptions
    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let sources = try tree.sources()
        try console.refuseTerminal(for: "tar")
        let output = OutputBuffer()
        output.descriptor.enlargePipe()
        try ImageLines.readOne(console) { image in
            try registry.withStore(console) { store in
                let paths = only.flattened()
                let lister = tree.lister(store, sources, keepsTables: !paths.isEmpty)
                try TreeExport(lister, to: output).write(image, paths)
            }
        }
    }
}

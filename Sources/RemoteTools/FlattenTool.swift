import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-flatten`: writes the files of an image as one tar.
public struct FlattenTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-flatten",
        abstract: "Write the files of an image as one tar.",
        usage: "oci-flatten [<options>]",
        discussion: """
            Reads an image line from stdin and writes to stdout a tar of the files that a \
            container sees: whiteouts are applied, a hard-linked file is stored once. Only \
            listings are stored; a layer without a listing is read twice. On any error the tar has \
            no end.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-flatten >app.tar
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Write only this path and everything in it. May be repeated.", valueName: "path"))
    var only: [Values<Path>] = []

    @Flag(
        help:
            """
            With --only: also write the links and directories that lead to a path; ignore a path \
            that is missing.
            """
    )
    var follow = false

    @OptionGroup var tree: TreeOptions
    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    @Option(
        help: ArgumentHelp(
            "Write, as one layer, what the layers above those of the image in FILE change.",
            valueName: "file"))
    var above: Path?

    public func validate() throws {
        if above != nil && !only.isEmpty {
            throw ValidationError("--above and --only exclude each other")
        }
        if follow && only.isEmpty { throw ValidationError("--follow needs --only") }
    }

    public func execute(_ console: Console) throws {
        let sources = try tree.sources()
        let base = try above.map { try ImageLines.readOne($0) }
        try console.refuseTerminal(for: "tar")
        let output = OutputBuffer()
        try ImageLines.readOne(console) { image in
            try registry.withStore(console) { store in
                let paths = only.flattened()
                // All layers are read again for all files, so their diffIDs are checked then.
                let lister = tree.lister(
                    store, sources, keepsTables: !paths.isEmpty, provesLater: paths.isEmpty)
                let export = TreeExport(lister, to: output)
                if let base {
                    try export.write(image, above: base)
                } else {
                    try export.write(image, paths, withLinks: follow)
                }
            }
        }
    }
}

import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-list`: the files of an image.
public struct ListTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-list",
        abstract: "List the files of an image, each with the layer it is from.",
        usage: "oci-list [<options>] [<path> ...]",
        discussion: """
            Reads an image line from stdin and writes mtree(5) to stdout: what a container sees, \
            whiteouts applied, a line for each path, the layer as the tag layer:N. The layers \
            stream through; names and attributes are all that is kept.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-list >app.mtree
            """,
        version: Version.text)

    @Argument(
        help: ArgumentHelp("List these paths only, with what is in them.", valueName: "paths"))
    private var pathArguments: [Values<Path>] = []
    private var paths: [Path] { pathArguments.flattened() }

    @OptionGroup var tree: TreeOptions

    @Flag(help: "Lines for people, as 'tar -tv' has them, the number of the layer first.")
    var long = false

    @Flag(help: "Sums for people: bytes by directory and layer, and what upper layers cover.")
    var size = false

    @Flag(help: "Add the SHA-256 of the content of every file.")
    var digests = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if long && size { throw ValidationError("--long and --size exclude each other") }
        if digests && (long || size) {
            throw ValidationError("--digests has no meaning with --long and --size")
        }
        if size && paths.count > 1 { throw ValidationError("--size takes one path") }
    }

    public func execute(_ console: Console) throws {
        let sources = try tree.sources()
        let output = OutputBuffer()
        output.descriptor.enlargePipe()
        try ImageLines.readOne(console) { image in
            let tree = try registry.withStore(console) { store in
                try self.tree.lister(store, sources, hashesContent: digests).tree(of: image)
            }
            if size {
                try output.append(SizeTable(try TreeSizes(tree, in: paths.first ?? "/")).bytes)
                try output.flush()
            } else if long {
                try TreeText(tree, to: output).write(paths)
            } else {
                try MtreeWriter(tree, to: output, hasDigests: digests).write(paths)
            }
        }
    }
}

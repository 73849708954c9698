import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-list`: lists the files of an image.
public struct ListTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-list",
        abstract: "List the files of an image, each with its layer.",
        usage: "oci-list [<options>] [<path> ...]",
        discussion: """
            Reads an image line from stdin and writes mtree(5) to stdout: a line for each path \
            that a container sees, after whiteouts, with its layer as the tag layer:N. Layers \
            stream through; only names and attributes are kept.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-list >app.mtree
            """,
        version: Version.text)

    @Argument(
        help: ArgumentHelp("List only these paths and everything in them.", valueName: "paths"))
    private var pathArguments: [Values<Path>] = []
    private var paths: [Path] { pathArguments.flattened() }

    @OptionGroup var tree: TreeOptions

    @Flag(help: "Print lines like those of 'tar -tv', the layer's number first.")
    var long = false

    @Flag(help: "Print bytes by directory and by layer, and bytes that upper layers hide.")
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
        try ImageLines.readOne(console) { image in
            var userFiles: UserFiles?
            let tree = try registry.withStore(console) { store in
                let lister = self.tree.lister(store, sources, hashesContent: digests)
                let tree = try lister.tree(of: image)
                if !size, !long { userFiles = try UserFiles(of: tree, image, lister) }
                return tree
            }
            if size {
                try output.append(SizeTable(try TreeSizes(tree, in: paths.first ?? "/")).bytes)
                try output.flush()
            } else if long {
                try TreeText(tree, to: output).write(paths)
            } else if let userFiles {
                try MtreeWriter(tree, userFiles, to: output, hasDigests: digests).write(paths)
            }
        }
    }
}

import ArgumentParser
import ByteStream
import OCI
import ToolSupport

/// `oci-layers`: prints the descriptor lines of an image's layers.
public struct LayersTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-layers",
        abstract: "List the layers of images, the lowest first.",
        usage: "oci-layers [<options>]",
        discussion: """
            Reads image lines from stdin and writes a descriptor line for each layer to \
            stdout, image after image. The diffID is an annotation, as in the lines of \
            oci-push-blob. oci-fetch --blob, oci-untar --descriptor and oci-manifest-append read \
            these lines.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-layers >layers.json
            """,
        version: Version.text)

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let layers = try ImageLines.readEach(console) { image in try image.annotatedLayers() }
        let output = OutputBuffer()
        for layer in layers.joined() { try output.append(layer.line) }
        try output.flush()
    }
}

import ArgumentParser
import ByteStream
import OCI
import ToolSupport

/// `oci-convert`: converts media types between OCI and Docker.
public struct ConvertTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-convert",
        abstract: "Change the media types of images between OCI and Docker.",
        usage: "oci-convert --to <oci|docker> [<options>]",
        discussion: """
            Reads image lines from stdin and writes them to stdout with the types of the other \
            format. Configs and layers keep their bytes. An image that the other format cannot \
            express is refused: Docker has no zstd layers, annotations or subjects.

            Example:
              oci-convert --to docker <image.json >docker.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp("Format of the images that are written.", valueName: "oci|docker"))
    var to: ImageFormat

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        try ImageLines.map(console) { image, _ in
            // The config of an artifact does not get the type of an image config.
            if image.manifest.config.mediaType.isImageConfig { _ = try image.config() }
            try image.manifest.convert(to: to)
        }
    }
}

extension ImageFormat: ExpressibleByArgument {}

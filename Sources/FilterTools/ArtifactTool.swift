import ArgumentParser
import ByteStream
import Hashing
import OCI
import ToolSupport

/// `oci-artifact`: a manifest over blobs that are no layers.
public struct ArtifactTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-artifact",
        abstract: "Make an artifact from blobs: an SBOM, a signature, a chart.",
        usage: "oci-artifact --type <media-type> [<options>]",
        discussion: """
            Reads descriptor lines from stdin, as oci-push-blob prints them, and writes one image \
            line: a manifest whose layers they are.

            Example:
              oci-push-blob --media-type application/spdx+json ghcr.io/example/app \\
                <sbom.json |
                oci-artifact --type application/spdx+json >sbom.image
            """,
        version: Version.text)

    @OptionGroup var options: ArtifactOptions

    @Option(
        name: .customLong("subject-file"),
        help: "File with the descriptor line of what the artifact is about.")
    var subjectFile: Path?

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let subject = try subjectFile.map { try readDescriptor($0) }
        let input = try console.standardInput(expecting: "descriptor lines")
        let image = try options.image(
            blobs: readDescriptors(from: input), subject: subject)
        try ImageLines.write([image])
    }
}

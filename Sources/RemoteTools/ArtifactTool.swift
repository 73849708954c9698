import ArgumentParser
import ByteStream
import Hashing
import ImageStore
import OCI
import ToolSupport

/// `oci-artifact`: makes a manifest of blobs that are not layers.
public struct ArtifactTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-artifact",
        abstract: "Make an artifact from blobs: an SBOM, a signature, a chart.",
        usage: "oci-artifact --type <media-type> [<options>]",
        discussion: """
            Reads descriptor lines from stdin, as oci-push-blob prints them, and writes one image \
            line: a manifest with these blobs as layers. An artifact with a subject refers to \
            another manifest: oci-push-manifest pushes it without a tag, and oci-fetch --referrers \
            lists it.

            Example:
              oci-push-blob --media-type application/spdx+json ghcr.io/example/app \\
                <sbom.json |
                oci-artifact --type application/spdx+json \\
                  --subject ghcr.io/example/app:1 |
                oci-push-manifest ghcr.io/example/app
            """,
        version: Version.text)

    @OptionGroup var options: ArtifactOptions

    @Option(
        help: ArgumentHelp(
            "Subject of the artifact: an image, an index or an artifact.", valueName: "ref"))
    var subject: String?

    @Option(help: ArgumentHelp("Subject, as a file with its descriptor line.", valueName: "file"))
    var subjectFile: Path?

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if subject != nil && subjectFile != nil {
            throw ValidationError("--subject and --subject-file exclude each other")
        }
    }

    public func execute(_ console: Console) throws {
        let reference = try subject.map { text throws(ReferenceError) in try parseReference(text) }
        let input = try console.standardInput(expecting: "descriptor lines")
        let blobs = try readDescriptors(from: input)
        let subject =
            try subjectFile.map { try readDescriptor($0) }
            ?? reference.map { reference in
                try registry.withStore(console) { try $0.manifest(of: reference).descriptor }
            }
        try ImageLines.write([options.image(blobs: blobs, subject: subject)])
    }
}

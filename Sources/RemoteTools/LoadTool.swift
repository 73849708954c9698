import ArgumentParser
import ByteStream
import ImageArchive
import ImageStore
import OCI
import ToolSupport

/// `oci-load`: stores the images of an archive.
public struct LoadTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-load",
        abstract: "Store the images of a docker save, podman save or skopeo archive.",
        discussion: """
            Reads an archive in Docker's or OCI's format from stdin, in one pass, and writes the \
            descriptor of each image to stdout. The whole archive may be compressed with gzip or \
            zstd. Layers are sent to REF as they arrive and keep their compression; only JSON \
            documents are kept in memory. Tags are stored after the whole archive was read and \
            checked.

            REF is the repository or layout. Its tag becomes the image's tag. Without a tag, the \
            archive's tags are kept.

            Example:
              docker save app:1 | oci-load ghcr.io/example/app
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Destination of the images.", valueName: "ref"))
    var reference: String

    @Option(
        help: ArgumentHelp(
            """
            Load only the image that has this name in the archive.
            """, valueName: "name"))
    var image: String?

    @Option(
        name: .customLong("platform"),
        help: ArgumentHelp(
            "Load only the images of these platforms. May be repeated.",
            valueName: "os/arch[/variant],...|all"),
        transform: parsePlatforms)
    var platforms: [PlatformList] = []

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let target = try NamedReference(reference)
        if target.reference.digest != nil {
            throw UsageError("a place with a digest: \(quote(reference))")
        }
        let input = try console.standardInput(expecting: "an archive")
        let descriptors = try registry.withStore(console) { store in
            try ArchiveLoader(
                to: store.repository(for: target.reference), of: store,
                tag: target.hasTag ? target.reference.tag : nil, imageName: image,
                platforms: PlatformList.named(platforms), warn: console.warn
            ).load(input)
        }
        try OutputStream().write(descriptors.flatMap(\.line))
    }
}

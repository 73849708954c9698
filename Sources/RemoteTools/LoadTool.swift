import ArgumentParser
import ByteStream
import ImageArchive
import ImageStore
import OCI
import ToolSupport

/// `oci-load`: the images of an archive to a place.
public struct LoadTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-load",
        abstract: "Load an archive of docker save, podman save or skopeo into a place.",
        discussion: """
            Reads an archive of Docker's format or of OCI's from stdin, once, also one that is \
            compressed by gzip or zstd as a whole, and writes the \
            descriptor of each image to stdout. Layers go to REF as they come, as they are \
            compressed or not; nothing but JSON documents is held. The names are stored when all of \
            the archive was read and checked.

            REF is the repository or layout. Its tag becomes the image's; without one the archive's \
            tags are kept.

            Example:
              docker save app:1 | oci-load ghcr.io/example/app
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Where the images go.", valueName: "ref"))
    var reference: String

    @Option(
        help: ArgumentHelp("The one image to load, as the archive calls it.", valueName: "name"))
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

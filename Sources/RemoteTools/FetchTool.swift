import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// `oci-fetch`: reads images, manifests, configs and blobs.
public struct FetchTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-fetch",
        abstract: "Fetch an image's manifest and config, or a blob.",
        discussion: """
            Writes image lines to stdout, one for each requested platform: the manifest as JSON, \
            with its config embedded. Annotations that are never pushed record where it came from.

            REF names an image in a registry, such as ghcr.io/example/app:latest, or in an image \
            layout, such as oci:DIR:TAG. 'scratch' is the image without layers.

            Example:
              oci-fetch ghcr.io/example/app:latest --platform all >images.json
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Image, repository or blob to fetch.", valueName: "ref"))
    var reference: String

    @Option(
        name: .customLong("platform"),
        help: ArgumentHelp(
            "Platforms to fetch, or 'all'. Default: this machine's. May be repeated.",
            valueName: "os/arch[/variant],...|all"),
        transform: parsePlatforms)
    var platforms: [PlatformList] = []

    @Flag(help: "Write the exact bytes of the manifest, or of the index when no platform is given.")
    var raw = false

    @Flag(help: "Write the exact bytes of the image's config.")
    var config = false

    @Flag(
        help: """
            Write the blob REF@DIGEST, or the blobs of the descriptor lines on stdin, one after \
            the other.
            """)
    var blob = false

    @OptionGroup var selection: FetchSelection
    @OptionGroup var lists: FetchLists

    @Flag(help: "No effect: annotations that name the image's base always stay as they are.")
    var keepBase = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        let forms = [raw, config, blob, selection.digest, lists.tags, lists.referrers]
        if forms.count(where: { $0 }) > 1 {
            throw ValidationError(
                "--raw, --config, --blob, --digest, --tags and --referrers exclude each other")
        }
        if !platforms.isEmpty && (blob || lists.tags || lists.referrers) {
            throw ValidationError(
                "--platform has no meaning with --blob, --tags and --referrers")
        }
        if platforms.count > 1 && platforms.contains(.all) {
            throw ValidationError("--platform all stands alone")
        }
        if selection.descriptor && (blob || lists.tags) {
            throw ValidationError("--descriptor has no meaning with --blob and --tags")
        }
    }

    public func execute(_ console: Console) throws {
        let reference = try selection.narrowed(parseReference(self.reference), console)
        let choice = PlatformList.choice(of: platforms)
        let output = OutputStream()
        try registry.withStore(console) { store in
            if lists.tags {
                try lists.writeTags(reference, store)
            } else if lists.referrers {
                try lists.writeReferrers(reference, store)
            } else if selection.digest {
                try selection.answer(
                    reference, platform: platforms.isEmpty ? nil : choice, store)
            } else if blob {
                try fetchBlob(reference, store, console, output)
            } else if raw {
                try output.write(
                    store.rawManifest(
                        of: reference, platform: platforms.isEmpty ? nil : choice))
            } else if config {
                try output.write(store.configBytes(of: reference, platform: choice))
            } else {
                try ImageLines.writeNumbered(
                    store.images(of: reference, platform: choice))
            }
        }
    }

    private func fetchBlob(
        _ reference: Reference, _ store: ImageStore, _ console: Console, _ output: OutputStream
    ) throws {
        if let digest = reference.digest {
            try store.readBlob(digest, of: reference, into: output)
        } else {
            let input = try console.standardInput(expecting: "descriptor lines")
            try store.readBlobs(readDescriptors(from: input), of: reference, into: output)
        }
    }
}

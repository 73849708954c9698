import ArgumentParser
import ByteStream
import ImageArchive
import ImageStore
import OCI
import ToolSupport

/// `oci-save`: writes images as one tar.
public struct SaveTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-save",
        abstract: "Write an image as a tar that docker, podman and skopeo load.",
        usage: "oci-save [<options>]",
        discussion: """
            Reads image lines from stdin, or a manifest or index as oci-fetch --raw writes it, \
            which keeps its digest, and writes an archive to stdout that is both an OCI layout and \
            what 'docker save' writes. Blobs are streamed from where they are stored; nothing is \
            stored locally. Docker's part of the archive has one platform of each image: that of \
            this machine.

            Lines for several platforms are one image. Lines of several runs of oci-fetch are \
            several images of the archive; then the first --tag names the first image, and so on.

            Example:
              oci-fetch ghcr.io/example/app:latest |
                oci-save --tag example/app:latest >app.tar
            """,
        version: Version.text)

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp(
            "Name in the archive. May be repeated: more names of one image, or one for each image.",
            valueName: "name"))
    var names: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read blobs from here. Default: the image's base. May be repeated.", valueName: "ref"))
    var from: [String] = []

    @Flag(help: "Stdin is a stored manifest or index: keep it byte for byte, whatever it holds.")
    var raw = false

    @Flag(help: "Add the image's referrers (signatures, SBOMs) from the first --from.")
    var referrers = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if referrers && from.isEmpty { throw ValidationError("--referrers needs --from") }
    }

    public func execute(_ console: Console) throws {
        let names = try self.names.map(archiveName)
        let sources = try from.map { text throws(ReferenceError) in try parseReference(text) }
        let input = try console.standardInput(expecting: "image lines")
        try console.refuseTerminal(for: "archive")
        let lines = try PushInput(input, isRaw: raw)
        let output = OutputBuffer()
        try registry.withStore(console) { store in
            let contents = try lines.contents(store, sources: sources)
            let place = referrers ? sources.first : nil
            let images = try ArchiveWriter.images(
                contents.map { try store.collect($0, sources: sources, companionsAt: place) },
                names: names)
            try ArchiveWriter(store, to: output).write(images)
        }
    }

    private func archiveName(_ text: String) throws -> RegistryReference {
        guard case .registry(let name) = try Reference(text), name.digest == nil else {
            throw UsageError("not a name for an archive: \(quote(text)); write REPOSITORY[:TAG]")
        }
        return name
    }
}

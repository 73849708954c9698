import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// `oci-push-blob`: bytes to a place, their descriptor to stdout.
public struct PushBlobTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-push-blob",
        abstract: "Stream a blob to a registry or image layout.",
        discussion: """
            Reads the blob from stdin, to its end and without storing it here, and writes its \
            descriptor as one line to stdout when the place has confirmed it.

            REF names a repository, as in ghcr.io/example/app, or a layout, as in oci:DIR. A tag in \
            it is of no account, since blobs have none.

            Example:
              oci-tar ./dist | oci-zstd |
                oci-push-blob ghcr.io/example/app >layer.json
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Where the blob goes.", valueName: "ref"))
    var reference: String

    @Option(help: ArgumentHelp("The blob's type. Default: found out.", valueName: "type"))
    var mediaType: MediaType?

    @Option(
        help: ArgumentHelp(
            "Take the blob from this repository of the same registry if it is there.",
            valueName: "repo"))
    var mount: [String] = []

    @Option(help: ArgumentHelp("Fail unless the blob has this digest.", valueName: "digest"))
    var digest: Digest?

    @Option(help: ArgumentHelp("Fail unless the blob has N bytes.", valueName: "n"))
    var size: Int64?

    @Flag(help: "Decompress a layer that brings its proof along, too, and check the proof.")
    var verifyLayer = false

    @OptionGroup var reuse: BlobReuseOptions
    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if let size, size < 0 { throw ValidationError("--size is negative: '\(size)'") }
        if reuse.reuse
            && (mediaType != nil || !mount.isEmpty || digest != nil || size != nil || verifyLayer)
        {
            throw ValidationError(
                "--media-type, --mount, --digest, --size and --verify-layer have no meaning with "
                    + "--reuse")
        }
    }

    public func execute(_ console: Console) throws {
        let reference = try parseReference(self.reference)
        if reference.digest != nil {
            throw UsageError("a place with a digest: '\(reference)'; use --digest")
        }
        if reference.tag != nil { console.trace("the tag of '\(reference)' is of no account") }
        if reuse.reuse {
            return try registry.withStore(console) { store in
                try reuse.answer(reference, store, console)
            }
        }
        let mountSources = try mount.map { text throws(ReferenceError) in
            try repositoryName(text, beside: reference)
        }
        let input = try console.standardInput(expecting: "a blob")
        let descriptor = try registry.withStore(console) { store in
            try BlobPush(
                input, to: store.repository(for: reference),
                mountFrom: mountSources
            ).run(
                declared: mediaType, expectedDigest: digest,
                expectedSize: size, verifiesLayer: verifyLayer)
        }
        try FileDescriptor.standardOutput.writeLine(descriptor)
    }

    /// A repository's name without the host, which it may be given with.
    private func repositoryName(
        _ text: String, beside reference: Reference
    ) throws(ReferenceError) -> String {
        guard case .registry(let target) = reference else { return text }
        let prefix = "\(target.host)/"
        let name = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        return try RegistryReference(prefix + name).repository
    }
}

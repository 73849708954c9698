import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// `oci-push-blob`: stores stdin as a blob and prints its descriptor.
public struct PushBlobTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-push-blob",
        abstract: "Stream a blob to a registry or image layout.",
        discussion: """
            Reads the blob from stdin to its end, without storing it locally, and writes its \
            descriptor as one line to stdout when every REF has confirmed it.

            REF names a repository, as in ghcr.io/example/app, or a layout, as in oci:DIR. A tag \
            in REF is ignored: blobs have no tags. For several REFs the blob is read once, at the \
            speed of the slowest; a REF that fails does not stop the others.

            Example:
              oci-tar ./dist | oci-zstd |
                oci-push-blob ghcr.io/example/app >layer.json
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Destination of the blob. May be repeated.", valueName: "ref"))
    private var referenceArguments: [Values<String>]
    private var references: [String] { referenceArguments.flattened() }

    @Option(help: ArgumentHelp("Media type of the blob. Default: detected.", valueName: "type"))
    var mediaType: MediaType?

    @Option(
        help: ArgumentHelp(
            "Mount the blob from this repository of the same registry if it is there.",
            valueName: "repo"))
    var mount: [Values<String>] = []

    @Option(help: ArgumentHelp("Fail unless the blob has this digest.", valueName: "digest"))
    var digest: Digest?

    @Option(help: ArgumentHelp("Fail unless the blob has N bytes.", valueName: "n"))
    var size: Int64?

    @Flag(help: "Decompress and check a layer even if it has a trailer.")
    var verifyLayer = false

    @Option(
        help: ArgumentHelp(
            "Save the session of a failed upload in FILE, and resume the one saved there.",
            valueName: "file"))
    var resume: Path?

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
        if reuse.reuse {
            let targets = try references.map { try place($0, console) }
            return try registry.withStore(console) { store in
                try reuse.answer(targets, store, console)
            }
        }
        var targets: [Reference] = []
        var mountSources: [Reference: [String]] = [:]
        for text in references {
            let target = try place(text, console)
            targets.append(target)
            mountSources[target] = try mount.flattened().compactMap { text throws(ReferenceError) in
                try repositoryName(text, beside: target)
            }
        }
        let input = try console.standardInput(expecting: "a blob")
        let descriptor = try registry.withStore(console) { store in
            try BlobPush(
                input: input, store: store, targets: targets, mountSources: mountSources,
                resumption: resumption(of: targets)
            ).run(
                declared: mediaType, expectedDigest: digest,
                expectedSize: size, verifiesLayer: verifyLayer)
        }
        try FileDescriptor.standardOutput.writeLine(descriptor)
    }

    private func resumption(
        of targets: [Reference]
    ) throws(UsageError) -> (target: RegistryReference, file: Path)? {
        guard let resume else { return nil }
        guard case .registry(let target) = targets[0], Set(targets).count == 1 else {
            throw UsageError("--resume is for one REF, of a registry")
        }
        return (target, resume)
    }

    /// The place of REF.
    private func place(_ text: String, _ console: Console) throws -> Reference {
        let reference = try parseReference(text)
        if reference.digest != nil {
            throw UsageError("a place with a digest: '\(reference)'; use --digest")
        }
        if reference.tag != nil { console.trace("the tag of '\(reference)' is ignored") }
        return reference.place
    }

    /// A repository's name without its host, if it has one.
    ///
    /// - Returns: nil when the host is that of another REF.
    private func repositoryName(
        _ text: String, beside reference: Reference
    ) throws(ReferenceError) -> String? {
        guard case .registry(let target) = reference else { return text }
        for other in references where !text.hasPrefix("\(target.host)/") {
            guard case .registry(let other) = try Reference(other) else { continue }
            if text.hasPrefix("\(other.host)/") { return nil }
        }
        let prefix = "\(target.host)/"
        let name = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        return try RegistryReference(prefix + name).repository
    }
}

import ArgumentParser
import ByteStream
import JSON
import Layer
import OCI
import Tar
import ToolSupport

/// `oci-untar`: applies a layer to a directory.
public struct UntarTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-untar",
        abstract: "Apply the layer on stdin to a directory.",
        usage: "oci-untar [<options>] <directory>",
        discussion: """
            The layer is a tar, also compressed with gzip or zstd. Its whiteouts remove what \
            earlier layers put there. Nothing outside the directory is touched. The layer is \
            checked as it passes: only with status 0 is the directory what the layer says.

            Example:
              oci-fetch --blob ghcr.io/example/app@sha256:... |
                oci-untar ./rootfs
            """,
        version: Version.text)

    @Argument(help: "Directory that the layer is applied to; it must be there.")
    var directory: Path

    @Option(
        help: ArgumentHelp(
            "Fail unless the layer has the digest, size and diffID of this descriptor line.",
            valueName: "file"))
    var descriptor: Path?

    @Option(help: "Fail unless the layer has this digest.")
    var digest: Digest?

    @Option(
        name: .customLong("diff-id"),
        help: ArgumentHelp(
            "Fail unless the uncompressed layer has this digest.", valueName: "digest"))
    var diffID: Digest?

    @Flag(
        help: """
            Do without the superuser: record owners in the attribute user.rootlesscontainers and \
            put empty files in the place of devices.
            """)
    var rootless = false

    @Option(
        help: ArgumentHelp(
            "Refuse a layer that decompresses to more than 1 GiB and N times its size.",
            valueName: "n"))
    var maxRatio = LayerUnpacker().maximumRatio

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if maxRatio < 1 { throw ValidationError("--max-ratio is at least 1") }
        if descriptor != nil && (digest != nil || diffID != nil) {
            throw ValidationError("--descriptor excludes --digest and --diff-id")
        }
    }

    public func execute(_ console: Console) throws {
        var unpacker = LayerUnpacker()
        unpacker.digest = digest
        unpacker.diffID = diffID
        unpacker.maximumRatio = maxRatio
        if let descriptor { try unpacker.expect(readDescriptor(descriptor), subject: descriptor) }
        let input = try console.standardInput(expecting: "a layer")
        let extractor = try TreeExtractor(
            directory, isRootless: rootless, warn: console.warn,
            list: console.level == .verbose ? { console.print($0.listing) } : nil)
        try unpacker.unpack(input, with: extractor)
    }
}

extension LayerUnpacker {
    /// Expects the layer of a descriptor, and the diffID that is its annotation.
    fileprivate mutating func expect(
        _ descriptor: Descriptor, subject: Path
    ) throws(InputError) {
        digest = descriptor.digest
        size = descriptor.size
        guard let text = descriptor[annotation: Annotation.uncompressed] else { return }
        guard let diffID = Digest(text) else {
            let path = JSONPath.root.key("annotations").key(Annotation.uncompressed)
            throw .document(
                subject: "descriptor in \(subject.quoted)",
                .field(path: path, "not a sha256 or sha512 digest"))
        }
        self.diffID = diffID
    }
}

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
        abstract: "Apply the layers on stdin to a directory.",
        usage: "oci-untar [<options>] <directory>",
        discussion: """
            The layer is a tar, also compressed with gzip or zstd. Its whiteouts remove what \
            earlier layers put there. Nothing outside the directory is touched. The layer is \
            checked while it is read: the directory is valid only when the status is 0. With \
            several lines in --descriptor, stdin has as many layers, one after the other.

            Example:
              oci-fetch ghcr.io/example/app | oci-layers >layers
              oci-fetch --blob ghcr.io/example/app <layers |
                oci-untar --descriptor layers rootfs
            """,
        version: Version.text)

    @Argument(help: "Directory that the layer is applied to; it must exist.")
    var directory: Path

    @Option(
        help: ArgumentHelp(
            "Fail unless the layers have the digests, sizes and diffIDs of these descriptor lines.",
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
            For users who are not root: record owners in the attribute user.rootlesscontainers and \
            write empty files in place of devices.
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
        let layers = try descriptor.map(expectedLayers)
        let input = try console.standardInput(expecting: "a layer")
        let extractor = try TreeExtractor(
            directory, isRootless: rootless, warn: console.warn,
            list: console.level == .verbose ? { console.print($0.listing) } : nil)
        if let layers {
            try unpacker.unpack(layers, from: input, with: extractor)
        } else {
            try unpacker.unpack(input, path: input.path, with: extractor)
        }
    }
}

/// The layers of the descriptor lines in a file.
private func expectedLayers(_ path: Path) throws -> [ExpectedLayer] {
    try readDescriptors(path).enumerated().map { offset, descriptor in
        do throws(JSONError) {
            return try ExpectedLayer(descriptor)
        } catch {
            throw InputError.document(
                subject: "descriptor, line \(offset + 1) of \(path.quoted)", error)
        }
    }
}

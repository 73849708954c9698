import ArgumentParser
import ByteStream
import Layer
import OCI
import ToolSupport

/// `oci-digest`: makes the descriptor of what passes.
public struct DigestTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-digest",
        abstract: "Print the descriptor of the bytes on stdin.",
        usage: "oci-digest [<options>]",
        discussion: """
            The line has media type, digest and size. A layer (zstd, gzip or plain tar) must be \
            whole, and gets its diffID as an annotation. With --tee the bytes pass to stdout and \
            the descriptor line goes to FILE.

            Example:
              oci-tar ./dist | oci-zstd | oci-digest --tee layer.json >layer.tar.zst
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Copy stdin to stdout and write the descriptor line to FILE.", valueName: "file"))
    var tee: Path?

    @Option(
        help: ArgumentHelp(
            "Media type of the bytes (default: detected from the first bytes).", valueName: "type"))
    var mediaType: MediaType?

    @Option(help: ArgumentHelp("Hash algorithm.", valueName: "sha256|sha512"))
    var algorithm = Digest.Algorithm.sha256

    @Flag(help: "Decompress and check a layer even if it has a trailer.")
    var verifyLayer = false

    @Flag(help: "Read only the first bytes and print the media type they show.")
    var sniff = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let input = try console.standardInput(expecting: "bytes")
        if sniff {
            let mediaType = try LayerProbe.mediaType(of: input)
            return try OutputStream().write(Array("\(mediaType)\n".utf8))
        }
        let source = LayerSource(
            input, declared: mediaType, algorithm: algorithm,
            verifiesLayer: verifyLayer)
        guard let tee else {
            try drain(source)
            return try OutputStream().write(source.descriptor.line)
        }
        try console.refuseTerminal(for: "layers")
        let file = try ReplacedFile(tee)
        try drain(source, to: OutputStream())
        try file.write(source.descriptor.line)
    }
}

extension Digest.Algorithm: ExpressibleByArgument {}

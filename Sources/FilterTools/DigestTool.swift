import ArgumentParser
import ByteStream
import Layer
import OCI
import ToolSupport

/// `oci-digest`: prints the descriptor of its input.
public struct DigestTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-digest",
        abstract: "Print the descriptor of the bytes on stdin.",
        usage: "oci-digest [<options>]",
        discussion: """
            The line has media type, digest and size. A layer (zstd, gzip or plain tar) must be \
            whole, and gets its diffID as an annotation. With --tee the bytes are copied to stdout \
            and the descriptor line goes to FILE. With --output the bytes go to FILE and the \
            descriptor line to stdout.

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
            """
            Write the bytes to this file, which gets its name when it is whole.
            """, valueName: "file"))
    var output: Path?

    @Option(
        help: ArgumentHelp(
            "Media type of the bytes (default: detected from the first bytes).", valueName: "type"))
    var mediaType: MediaType?

    @Option(help: ArgumentHelp("Hash algorithm.", valueName: "sha256|sha512"))
    var algorithm = Digest.Algorithm.sha256

    @Flag(help: "Decompress and check a layer even if it has a trailer.")
    var verifyLayer = false

    @Flag(help: "Read only the first bytes and print the media type they indicate.")
    var sniff = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if tee != nil && output != nil { throw ValidationError("--tee excludes --output") }
    }

    public func execute(_ console: Console) throws {
        let input = try console.standardInput(expecting: "bytes")
        if sniff {
            let mediaType = try LayerProbe.mediaType(of: input)
            return try OutputStream().write(Array("\(mediaType)\n".utf8))
        }
        let source = LayerSource(
            input, declared: mediaType, algorithm: algorithm,
            verifiesLayer: verifyLayer)
        if let tee {
            try console.refuseTerminal(for: "layers")
            let file = try ReplacedFile(tee)
            try drain(source, to: OutputStream())
            return try file.write(source.descriptor.line)
        }
        if let output {
            // On a file system that needs a temporary file, a signal leaves none.
            Interruption.arm()
            let file = try OutputFile(output)
            try drain(source, to: file)
            try file.commit()
        } else {
            try drain(source)
        }
        try OutputStream().write(source.descriptor.line)
    }
}

extension Digest.Algorithm: ExpressibleByArgument {}

import ArgumentParser
import ByteStream
import Glibc
import JSON
import OCI
import ToolSupport

/// `oci-inspect`: describes images for people.
public struct InspectTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-inspect",
        abstract: "Describe images for people: command, layers, sizes, history.",
        usage: "oci-inspect [<options>]",
        discussion: """
            Reads image lines from stdin and writes text to stdout, one image after another. The \
            text may change between versions; scripts should read the image lines.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-inspect
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Image lines of the base, to tell its layers from the image's own.", valueName: "file"))
    var base: Path?

    @Option(
        help: ArgumentHelp(
            """
            Name to show for the images. Default: the one that oci-fetch recorded.
            """, valueName: "ref"))
    var reference: String?

    @Flag(help: "Show several images as a table, and only the one for this machine in full.")
    var index = false

    @Flag(help: "Show digests and commands in full.")
    var noTrunc = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let bases = try base.map { path in
            try ImageLines.read(readFile(path, limit: ImageLines.byteLimit), path: path)
        }
        let input = try console.standardInput(expecting: "image lines")
        var images = try ImageLines.read(from: input)
        let terminal = FileDescriptor.standardOutput
        let style = ReportStyle(
            isFull: noTrunc, hasColor: terminal.isTerminal && ReportStyle.environmentAllowsColor,
            width: terminal.terminalColumns)
        var table: [String] = []
        if index, images.count > 1 {
            let platforms = PlatformTable(images, style: style)
            table = [platforms.text]
            images = [images[platforms.shown]]
        }
        let reports = try images.enumerated().map { offset, image in
            do throws(JSONError) {
                return try ImageReport(
                    image, reference: reference, bases: bases, style: style
                ).text
            } catch {
                throw InputError.document(
                    subject: "image line \(offset + 1) of \(input.path.quoted)", error)
            }
        }
        try OutputStream().write(Array((table + reports).joined(separator: "\n").utf8))
    }
}

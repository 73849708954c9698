import ArgumentParser
import ByteStream
import OCI
import Signing
import ToolSupport

/// `oci-provenance`: states how an image was built, in a form that can be signed.
public struct ProvenanceTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-provenance",
        abstract: "State how an image was built: SLSA provenance.",
        usage: "oci-provenance [<options>] [--] [<word> ...]",
        discussion: """
            Reads from stdin the descriptor line of an image, as oci-push-manifest prints it, and \
            writes to stdout an in-toto statement about it with SLSA provenance v1: its base, the \
            layers of its sources and the arguments of the build. Unknown fields are left out. \
            With --output the statement goes to a file, and the descriptor line to stdout.

            Example:
              oci-push-manifest ghcr.io/example/app:1 <image.json |
                oci-provenance --image image.json --layer layer.json \\
                -- ./dist >provenance.json
            """,
        version: Version.text)

    @Argument(
        help: ArgumentHelp("Arguments of the build.", valueName: "word"),
        transform: Values.each(ArgumentText.text))
    private var wordArguments: [Values<String>] = []

    @Option(
        help: ArgumentHelp(
            "Image lines of the image that was pushed; they name its base.", valueName: "file"))
    var image: Path?

    @Option(
        help: ArgumentHelp(
            "Descriptor line of a layer that was made from a source. May be repeated.",
            valueName: "file"))
    var layer: [Values<Path>] = []

    @Option(
        help: ArgumentHelp(
            "Who built it, as a URI (default: \(Provenance.ownBuilder)).", valueName: "uri"),
        transform: { argument in
            guard let builder = PredicateType(argument) else {
                throw ValidationError("--builder is no URI: \(quote(argument))")
            }
            return builder.uri
        })
    var builder = Provenance.ownBuilder

    @Option(
        help: "When it was built, as RFC 3339 (default: $SOURCE_DATE_EPOCH, else left out).",
        transform: ArgumentText.parsing(Timestamp.init))
    var created: Timestamp?

    @Option(
        help: ArgumentHelp(
            "Write the statement to FILE, and the descriptor line to stdout.", valueName: "file"))
    var output: Path?

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        var provenance = Provenance(version: ToolSupport.Version.number)
        let sourceDate = try SourceDate.current()
        provenance.arguments = wordArguments.flattened()
        provenance.sourceDate = sourceDate?.seconds
        provenance.created = created ?? sourceDate
        provenance.builder = builder
        let subject = try readDescriptor(
            from: console.standardInput(expecting: "a descriptor line"))
        if let image {
            let bytes = try readFile(image, limit: ImageLines.byteLimit)
            for line in try ImageLines.read(bytes, path: image) {
                provenance.addBase(of: line.manifest)
            }
        }
        for path in layer.flattened() {
            provenance.addLayer(try LayerAddition(readingFile: path).diffID)
        }
        let statement =
            Statement.bytes(
                about: subject.digest, annotations: [], predicateType: Provenance.predicateType,
                predicate: provenance.predicate) + [UInt8(ascii: "\n")]
        guard let output else { return try OutputStream().write(statement) }
        let file = try OutputFile(output)
        try statement.withUnsafeBytes { try file.write($0) }
        try file.commit()
        try OutputStream().write(subject.line)
    }
}

import ArgumentParser
import ByteStream
import Hashing
import OCI
import ToolSupport

/// `oci-manifest-append`: puts layers on top of images.
public struct ManifestAppendTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-manifest-append",
        abstract: "Add layers to images: manifest, diffIDs and history.",
        usage: "oci-manifest-append [<options>] <layers> ...",
        discussion: """
            Reads image lines from stdin and writes them to stdout with the layers on top, the \
            first LAYER lowest. A LAYER is a file with one descriptor line, as oci-push-blob \
            writes it. A Docker image is converted to OCI's media types. The fetched image becomes \
            the base in the new image's annotations; annotations that describe the base are \
            dropped.

            Example:
              oci-fetch ghcr.io/example/base:latest |
                oci-manifest-append layer.json >image.json
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Files with the layers' descriptors.", valueName: "layer.json"))
    private var layerArguments: [Values<Path>] = []
    private var layers: [Path] { layerArguments.flattened() }

    @Flag(help: "Add no layer; only record the fetched image as the base.")
    var noLayer = false

    @Option(
        help: ArgumentHelp(
            "Replace all layers above those of the image in FILE by the one layer.",
            valueName: "file"))
    var squash: Path?

    @Option(
        name: .customLong("diff-id"),
        help: "Digest of the layer's uncompressed tar; only with one layer.")
    var diffID: Digest?

    @Option(
        help: "Command that made the layers, for their history entries.",
        transform: ArgumentText.nonemptyText)
    var createdBy = "oci-manifest-append"

    @Option(
        help: ArgumentHelp("Comment for the layers' history entries.", valueName: "text"),
        transform: ArgumentText.nonemptyText)
    var comment: String?

    @Option(
        help: "Creation time, as RFC 3339 (default: $SOURCE_DATE_EPOCH, else none).",
        transform: ArgumentText.parsing(Timestamp.init))
    var created: Timestamp?

    @Option(
        help: "Annotate the layers.", transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    @Flag(help: "Keep annotations that describe the base, such as its title and version.")
    var keepAnnotations = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if layers.contains("-") {
            throw ValidationError("'-' is no layer: stdin has the image lines")
        }
        if layers.isEmpty != noLayer {
            throw ValidationError(
                noLayer ? "--no-layer, and a layer" : "no LAYER; --no-layer is for none")
        }
        if squash != nil && layers.count != 1 {
            throw ValidationError("--squash is for one layer, and there are \(layers.count)")
        }
        if diffID != nil && layers.count != 1 {
            throw ValidationError("--diff-id is of one layer, and there are \(layers.count)")
        }
    }

    public func execute(_ console: Console) throws {
        let created = try self.created ?? SourceDate.current()
        let history = ImageConfig.historyEntry(
            created: created, createdBy: createdBy, comment: comment)
        let annotations = annotation.flattened()
        let additions = try layers.map {
            try LayerAddition(
                readingFile: $0, diffID: diffID, annotations: annotations, history: history)
        }
        let base = try squash.map { try ImageLines.readOne($0) }
        try ImageLines.map(console) { image, _ in
            if let base, let layer = additions.first {
                return try image.squash(above: base, into: layer)
            }
            try image.append(additions, created: created, keepsAnnotations: keepAnnotations)
        }
    }
}

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
            first LAYER lowest. A LAYER is a file of one descriptor line, as oci-push-blob writes \
            it. An image of Docker's types becomes one of OCI's. What the image was fetched from \
            becomes its base, and annotations that describe that one are dropped.

            Example:
              oci-fetch ghcr.io/example/base:latest |
                oci-manifest-append layer.json >image.json
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Files with the layers' descriptors.", valueName: "layer.json"))
    private var layerArguments: [Values<Path>] = []
    private var layers: [Path] { layerArguments.flattened() }

    @Flag(help: "Add no layer, and only make what was fetched the base.")
    var noLayer = false

    @Option(
        help: ArgumentHelp(
            "Put the one layer in place of all above those of the image in FILE.",
            valueName: "file"))
    var squash: Path?

    @Option(name: .customLong("diff-id"), help: "Digest of the one layer's uncompressed tar.")
    var diffID: Digest?

    @Option(
        help: "What made the layers, for their history entries.",
        transform: ArgumentText.nonemptyText)
    var createdBy = "oci-manifest-append"

    @Option(
        help: ArgumentHelp("Comment of their history entries.", valueName: "text"),
        transform: ArgumentText.nonemptyText)
    var comment: String?

    @Option(
        help: "When they were made, as RFC 3339 (default: $SOURCE_DATE_EPOCH, else not said).",
        transform: ArgumentText.parsing(Timestamp.init))
    var created: Timestamp?

    @Option(
        help: "Annotate the layers.", transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    @Flag(help: "Keep the annotations that describe the image below, as its title and version.")
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
        let additions = try layers.map { path in
            var descriptor = try readDescriptor(path)
            descriptor.annotate(annotations)
            do throws(EditError) {
                return try LayerAddition(descriptor, diffID: diffID, history: history)
            } catch {
                throw InputError.refused("refused descriptor in \(path.quoted): \(error.text)")
            }
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

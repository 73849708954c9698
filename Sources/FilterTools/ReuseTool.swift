import ArgumentParser
import ByteStream
import Layer
import OCI
import ToolSupport

/// `oci-reuse`: finds the stored layer with the content of a tar.
public struct ReuseTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-reuse",
        abstract: "Find the stored layer with the content of the tar on stdin.",
        usage: "oci-reuse [<options>] [<known> ...]",
        discussion: """
            Reads a tar from stdin and writes the descriptor line of the layer in KNOWN whose \
            diffID is the digest of the tar. Without such a layer nothing is written and the \
            status is 1. The tar is not read when KNOWN has no candidate. A truncated tar is an \
            error.

            With --cache, stdin is not a tar but the fingerprint of a tree, which oci-tar \
            --fingerprint writes without reading a file. DIR stores the layers of earlier builds \
            by fingerprint.

            Example:
              oci-fetch ghcr.io/example/app:latest | oci-layers >known
              oci-tar ./dist --root-dir /app | oci-reuse known >layer.json
            """,
        version: Version.text)

    @Argument(
        help: ArgumentHelp(
            "Files of descriptor lines, as oci-layers writes them, or of image lines.",
            valueName: "known"))
    private var knownArguments: [Values<Path>] = []

    @Option(
        help: ArgumentHelp(
            "Find only layers of this type. May be repeated.", valueName: "type"))
    var mediaType: [MediaType] = []

    @Flag(help: "Find only layers that are zstd:chunked.")
    var chunked = false

    @OptionGroup var caching: LayerCacheOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if caching.cache == nil, knownArguments.isEmpty { throw ValidationError("no KNOWN") }
        if caching.cache != nil, !knownArguments.isEmpty || !mediaType.isEmpty || chunked {
            throw ValidationError("--cache excludes KNOWN, --media-type and --chunked")
        }
        if let other = mediaType.first(where: { $0.layerCompression == nil }) {
            throw ValidationError("--media-type is not the type of a layer: '\(other)'")
        }
    }

    public func execute(_ console: Console) throws {
        if let cache = caching.cache {
            let input = try console.standardInput(expecting: "a fingerprint")
            return try caching.run(cache, input, console)
        }
        let input = try console.standardInput(expecting: "a tar")
        var layers = KnownLayers()
        for path in knownArguments.flattened() {
            try layers.read(path, ofTypes: mediaType, onlyChunked: chunked)
        }
        if layers.isEmpty { throw NegativeAnswer() }
        let tar = LayerSource(input, declared: .layer)
        try drain(tar)
        guard let layer = layers.layer(diffID: tar.identity.digest) else { throw NegativeAnswer() }
        try OutputStream().write(layer.line)
    }
}

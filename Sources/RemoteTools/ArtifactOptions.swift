import ArgumentParser
import ByteStream
import Hashing
import JSON
import OCI
import ToolSupport

/// Options that describe an artifact.
struct ArtifactOptions: ParsableArguments {
    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Type of the artifact, as in application/spdx+json.", valueName: "media-type"))
    var artifactType: MediaType?

    @Option(help: "File with the config of the artifact (default: the empty one).")
    var config: Path?

    @Option(
        help: ArgumentHelp("Type of the config.", valueName: "media-type"))
    var configType: MediaType?

    @Option(
        help: ArgumentHelp("Annotate the manifest.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    init() {}

    func validate() throws {
        if (config == nil) != (configType == nil) {
            throw ValidationError("--config and --config-type go together")
        }
        if artifactType == nil && configType == nil {
            throw ValidationError("--type is missing: an artifact says what it is")
        }
    }

    /// The artifact as the image of an image line.
    ///
    /// - Parameters:
    ///   - blobs: in order; an artifact without blobs has only annotations.
    ///   - subject: the manifest that the artifact refers to.
    /// - Throws: `EditError` for a subject that is no manifest, and what reading the config throws.
    func image(blobs: [Descriptor], subject: Descriptor?) throws -> Image {
        let bytes =
            try config.map { try readFile($0, limit: DocumentLimit.configByteCount) }
            ?? Artifact.emptyBytes
        let config = Descriptor(configType ?? .empty, of: bytes)
        var artifact = Artifact(artifactType: artifactType)
        artifact.blobs = blobs
        if let subject { try artifact.setSubject(subject) }
        artifact.annotations = annotation.flattened()
        return Image(manifest: artifact.manifest(config: config), configBytes: bytes)
    }
}

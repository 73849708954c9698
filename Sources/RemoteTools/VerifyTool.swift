import ArgumentParser
import ByteStream
import ImageStore
import OCI
import Signing
import ToolSupport

/// `oci-verify`: verifies signatures, and prints the verified descriptor.
public struct VerifyTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-verify",
        abstract: "Verify that an image is signed by a key, and print its descriptor.",
        usage: "oci-verify --verify-key <file> ... [<options>] <ref>",
        discussion: """
            Prints the descriptor line of the manifest that was verified. When no signature is \
            valid it prints nothing and fails with status 65. oci-fetch --descriptor then fetches \
            exactly what was signed, even when the tag has moved.

            Signatures of cosign are verified in its current format and in the older one with a \
            .sig tag. No public service is used.

            Example:
              oci-verify --verify-key cosign.pub ghcr.io/example/app:1 |
                oci-fetch --descriptor ghcr.io/example/app:1
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Image, index or artifact to verify.", valueName: "ref"))
    var reference: String

    @Option(
        name: .customLong("verify-key"),
        help: ArgumentHelp(
            "Accept signatures by the public key (PEM) in FILE. May be repeated.",
            valueName: "file"))
    var verifyKeys: [Path] = []

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            """
            Verify attestations of this type: a URI, or a name such as spdxjson. Default: \
            signatures.
            """,
            valueName: "type"),
        transform: PredicateType.parsing)
    var predicateType: PredicateType?

    @Option(
        help: ArgumentHelp("Require this signed annotation.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    @Option(
        help: ArgumentHelp(
            "The repository that an older signature must name. Default: REF's.",
            valueName: "host/repository"))
    var identity: String?

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if verifyKeys.isEmpty { throw ValidationError("no --verify-key") }
    }

    public func execute(_ console: Console) throws {
        let reference = try parseReference(self.reference)
        var policy = VerificationPolicy(
            keys: try verifyKeys.map { try PublicKey(readingFile: $0) })
        if let predicateType { policy.predicateType = predicateType.uri }
        policy.annotations = annotation.flattened()
        policy.identity = try identity.map { text throws(ReferenceError) in
            try RegistryReference(text)
        }
        let descriptor = try registry.withStore(console) { try $0.verify(reference, policy) }
        try FileDescriptor.standardOutput.writeLine(descriptor)
    }
}

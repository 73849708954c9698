import ArgumentParser
import ByteStream
import ImageStore
import OCI
import Signing
import ToolSupport

/// `oci-sign`: signs a manifest that was pushed.
public struct SignTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-sign",
        abstract: "Sign an image, an index or an artifact with a key of your own.",
        usage: "oci-sign (--sign-key <file> | --sign-command <cmd>) [<options>] <ref> ...",
        discussion: """
            Reads from stdin the descriptor line of the manifest to sign, as oci-push-manifest \
            prints it, and prints the line again when the signature is in the repository of each \
            REF. With REF@DIGEST, that digest is signed and stdin is not read.

            The signature is an artifact whose subject is the image, as cosign writes it since \
            version 3. No public service is used.

            Example:
              oci-push-manifest ghcr.io/example/app:1 <image.json |
                oci-sign --sign-key cosign.key ghcr.io/example/app
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("The repositories or layouts.", valueName: "ref"))
    var references: [String] = []

    @OptionGroup var signing: SigningArguments

    @Option(
        help: ArgumentHelp(
            "Sign that the JSON in FILE is true of it: a predicate, or a whole statement.",
            valueName: "file"))
    var predicate: Path?

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Type of the predicate: a URI, or one of cosign's names, such as spdxjson.",
            valueName: "type"),
        transform: PredicateType.parsing)
    var predicateType: PredicateType?

    @Option(
        help: ArgumentHelp("Sign this annotation too.", valueName: "key=value"),
        transform: Values.each(ArgumentText.parsing(KeyValue.init)))
    var annotation: [Values<KeyValue>] = []

    @Flag(help: "Write the tag sha256-HEX.sig, as cosign did before version 3.")
    var legacy = false

    @Option(
        help: ArgumentHelp(
            "The repository that a --legacy signature is for. Default: REF's.",
            valueName: "host/repository"))
    var identity: String?

    @Flag(help: "Only check that the keys can be used. Without REF.")
    var check = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if references.isEmpty != check {
            throw ValidationError(
                check ? "--check excludes REFs" : "no REF: where the signature is to be stored")
        }
        if predicate == nil && predicateType != nil {
            throw ValidationError("--type needs --predicate")
        }
        if legacy && predicate != nil {
            throw ValidationError("--legacy and --predicate exclude each other")
        }
        if identity != nil && !legacy { throw ValidationError("--identity needs --legacy") }
    }

    public func execute(_ console: Console) throws {
        let variable = SecretBytes(takingVariable: "COSIGN_PASSWORD")
        if check { return try signing.check(variable: variable) }
        let references = try references.map { text throws(ReferenceError) in
            try parseReference(text)
        }
        guard Set(references.map(\.digest)).count == 1 else {
            throw UsageError("either every REF has the same digest, or none has one")
        }
        let targets = try SignatureTarget.distinct(
            of: references, naming: identity, isLegacy: legacy)
        let created = try SourceDate.current()
        let given =
            try references[0].digest == nil
            ? readDescriptor(from: console.standardInput(expecting: "a descriptor line")) : nil
        try registry.withStore(console) { store in
            let signer = try signing.signer(variable: variable)
            let subject = try given ?? store.manifest(of: references[0]).descriptor
            let signed = try targets.map { target in
                guard let identity = target.identity else {
                    return try store.sign(
                        subject, at: target.place, claim(), created: created, by: signer)
                }
                return try store.signByTag(
                    subject, at: target.place, identity: identity,
                    annotations: annotation.flattened(), by: signer)
            }
            try FileDescriptor.standardOutput.writeLine(signed[0])
        }
    }

    private func claim() throws -> Claim {
        guard let predicate else { return Claim(annotations: annotation.flattened()) }
        return try Claim(
            readingFile: predicate, predicateType: predicateType,
            annotations: annotation.flattened())
    }
}

extension PredicateType {
    /// The value of `--type`.
    @Sendable static func parsing(_ argument: String) throws -> PredicateType {
        guard let type = PredicateType(argument) else {
            throw ValidationError(
                "--type is neither a URI nor one of \(names.joined(separator: ", ")): "
                    + quote(argument))
        }
        return type
    }
}

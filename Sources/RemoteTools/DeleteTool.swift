import ArgumentParser
import ByteStream
import ImageStore
import OCI
import ToolSupport

/// `oci-delete`: removes tags and manifests.
public struct DeleteTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-delete",
        abstract: "Remove tags from a registry or layout, or manifests with all their tags.",
        usage: "oci-delete [<options>] <ref> ...",
        discussion: """
            Removes the tag of each REF and leaves the manifest, which may have other tags. With \
            --manifest it removes the manifest of REF and all its tags. Only -n writes to stdout.

            Blobs stay: a registry collects them itself, and oci-gc removes those of a layout.

            Example:
              oci-delete ghcr.io/example/app:old
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Tag or manifest to remove.", valueName: "ref"))
    private var referenceArguments: [Values<String>]
    private var references: [String] { referenceArguments.flattened() }

    @Flag(help: "Remove the manifest of REF, with all its tags.")
    var manifest = false

    @Flag(
        name: [.customShort("n"), .long],
        help: "Remove nothing; print a line for each tag or manifest to remove.")
    var dryRun = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let references = try references.map { text in
            let named = try NamedReference(text)
            if !manifest, named.reference.digest != nil || !named.hasTag {
                throw UsageError(
                    "no tag to remove in \(quote(text)); --manifest removes what a digest names")
            }
            if manifest, named.reference.digest == nil, !named.hasTag {
                throw UsageError("neither a tag nor a digest in \(quote(text))")
            }
            return named.reference
        }
        try registry.withStore(console) { store in
            let note = { console.trace("removed \(quote($0.description))") } as (Reference) -> Void
            if dryRun {
                for reference in references {
                    try writeLines(
                        store.deletion(of: reference, includingManifest: manifest).lines)
                }
            } else if manifest {
                for reference in references {
                    try store.deleteManifest(of: reference)
                    note(reference)
                }
            } else {
                try store.deleteTags(of: references, note: note)
            }
        }
    }
}

import ArgumentParser
import ImageStore
import OCI
import ToolSupport

/// `oci-rebase`: another base under images.
public struct RebaseTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-rebase",
        abstract: "Replace the base's layers of images by those of a newer base.",
        usage: "oci-rebase [<options>]",
        discussion: """
            Reads image lines from stdin and writes them to stdout with the layers, diffIDs and \
            history of the new base under their own. What an image inherited of the old base's \
            config it takes from the new one: each variable, label, port and volume by itself, \
            every other field as a whole. What it set itself stays.

            The old base is what the image's annotations say. An image whose base has not moved \
            stays as it is.

            Example:
              oci-fetch ghcr.io/example/app:1 | oci-rebase |
                oci-push-manifest ghcr.io/example/app:1
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "The new base. Default: what the old base's tag stands for now.", valueName: "ref"))
    var onto: String?

    @Option(
        help: ArgumentHelp(
            "The old base. Default: what the image's annotations say.", valueName: "ref@digest"))
    var base: String?

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let onto = try self.onto.map { text throws(ReferenceError) in try parseReference(text) }
        let base = try self.base.map { text throws(ReferenceError) in try parseReference(text) }
        try registry.withStore(console) { store in
            try ImageLines.map(console) { image, subject in
                let change = try BaseChange(of: image, from: base, to: onto)
                if try !change.apply(to: &image, store) {
                    console.trace("\(subject) has the newest base")
                }
            }
        }
    }
}

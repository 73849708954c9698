import ArgumentParser
import ImageStore
import OCI
import ToolSupport

/// `oci-rebase`: replaces the base of images.
public struct RebaseTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-rebase",
        abstract: "Replace the base layers of images by those of a newer base.",
        usage: """
            oci-rebase [<options>]
                   oci-rebase --check [<options>] [<ref> ...]
            """,
        discussion: """
            Reads image lines from stdin and writes them to stdout with the layers, diffIDs and \
            history of the new base under their own. Config values that an image inherited from \
            the old base are replaced by those of the new base: each variable, label, port and \
            volume by itself, every other field as a whole. Values that the image set itself stay.

            The image's annotations name the old base. An image whose base did not change stays as \
            it is.

            With --check nothing is changed: a line for each image says whether the tag of its \
            base still has the digest that the image was built on, and the status is 1 when one \
            has moved. With --onto, another base is compared. An image that cannot be read is \
            named on stderr, and the others are checked.

            Example:
              oci-fetch ghcr.io/example/app:1 | oci-rebase |
                oci-push-manifest ghcr.io/example/app:1
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "New base. Default: the image that the old base's tag points to now.", valueName: "ref")
    )
    var onto: String?

    @Option(
        help: ArgumentHelp(
            "Old base. Default: the base in the image's annotations.", valueName: "ref@digest"))
    var base: String?

    @Flag(help: "Report for each image line, or each REF, whether its base has changed.")
    var check = false

    @Argument(help: ArgumentHelp("With --check: images to check.", valueName: "ref"))
    private var referenceArguments: [Values<String>] = []
    private var references: [String] { referenceArguments.flattened() }

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if !check && !references.isEmpty {
            throw ValidationError("a REF is for --check: '\(references[0])'")
        }
        if check && base != nil {
            throw ValidationError("--base has no meaning with --check")
        }
    }

    public func execute(_ console: Console) throws {
        let onto = try self.onto.map { text throws(ReferenceError) in try parseReference(text) }
        if check { return try checkBases(onto, console) }
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

    private func checkBases(_ onto: Reference?, _ console: Console) throws {
        let names = try references.map { text throws(ReferenceError) in try parseReference(text) }
        let images =
            try names.isEmpty
            ? ImageLines.read(from: console.standardInput(expecting: "image lines")) : []
        let (answers, failures) = try registry.withStore(console) { store in
            let (records, unread) = try store.baseRecords(of: names)
            let lines = images.enumerated().map {
                BaseRecord(image: "image line \($0.offset + 1)", $0.element.manifest.document)
            }
            let (answers, failures) = try store.baseStatus(of: records + lines, onto: onto)
            return (answers, unread + failures)
        }
        try writeLines(answers.map(\.line))
        for failure in failures.dropLast() { _ = console.report(failure) }
        if let last = failures.last { throw last }
        if answers.contains(where: { $0.answer == .stale }) { throw NegativeAnswer() }
    }
}

import ArgumentParser
import ByteStream
import ImageTree
import OCI
import ToolSupport

/// `oci-validate`: reports faults of images.
public struct ValidateTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-validate",
        abstract: "Check images for faults, from manifest to layers.",
        discussion: """
            Checks digests, sizes and diffIDs of all blobs, the tars of layers, counts, media \
            types and platforms. For a layout without a tag, everything in it is checked. Writes a \
            line for each fault to stdout, which begins with the digest of the blob or document. \
            The status is 65 when there is a fault.

            Example:
              oci-validate oci:DIR ghcr.io/example/app:latest
              docker save app | oci-validate --archive
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Images or layouts to check.", valueName: "ref"))
    private var referenceArguments: [Values<String>] = []
    private var references: [String] { referenceArguments.flattened() }

    @Flag(help: "Check the archive on stdin: of docker save or OCI, compressed or not.")
    var archive = false

    @Flag(help: "Check only that blobs exist with their sizes; read only configs.")
    var fast = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if references.isEmpty != archive {
            throw ValidationError(
                archive ? "--archive excludes REFs" : "no REF, and no --archive")
        }
        if archive && fast { throw ValidationError("--archive excludes --fast") }
    }

    public func execute(_ console: Console) throws {
        let references = try references.map { text throws(ReferenceError) in try Reference(text) }
        let output = OutputStream()
        let count = try registry.withStore(console) { store in
            var validation = ImageValidation(store, isFast: fast) { faults in
                try output.write(faults.flatMap { Array(($0.line + "\n").utf8) })
            }
            for reference in references { try validation.check(reference) }
            if archive {
                try validation.check(archive: console.standardInput(expecting: "an archive"))
            }
            return validation.faultCount
        }
        if count > 0 {
            throw InputError.refused("\(count == 1 ? "a fault" : "\(count) faults") in \(names)")
        }
    }

    private var names: String {
        archive ? "the archive" : references.map { quote($0) }.joined(separator: ", ")
    }
}

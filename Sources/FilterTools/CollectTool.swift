import ArgumentParser
import ByteStream
import ImageLayout
import ToolSupport

/// `oci-gc`: removes unreferenced blobs from a layout.
public struct CollectTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-gc",
        abstract: "Remove unreferenced blobs from an image layout.",
        usage: "oci-gc [<options>] <dir>",
        discussion: """
            Removes the blobs of DIR that no entry of index.json leads to, and temporary files of \
            interrupted runs. It writes their paths to stdout, one to a line. Signatures and other \
            artifacts without a tag are kept as long as their subjects.

            Other processes may build into the layout at the same time.

            Example:
              oci-delete oci:store:old && oci-gc store
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Image layout.", valueName: "dir"))
    var directory: Path

    @Option(
        help: ArgumentHelp(
            "Keep files that were written or used in the last SECONDS.",
            valueName: "seconds"))
    var grace: Int64 = 3600

    @Flag(
        name: [.customShort("n"), .long],
        help: "Remove nothing; print the size and path of each file to remove.")
    var dryRun = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if grace < 0 { throw ValidationError("--grace is negative: '\(grace)'") }
    }

    public func execute(_ console: Console) throws {
        Interruption.arm()
        let garbage = try LayoutRepository(directory: directory)
            .collectGarbage(grace: grace, dryRun: dryRun)
        let total = garbage.reduce(0) { $0 + $1.size }
        console.trace("\(garbage.count) files, \(total) bytes")
        try writeLines(
            garbage.map { file in
                (dryRun ? Array("\(file.size)\t".utf8) : []) + file.path.bytes
            })
    }
}

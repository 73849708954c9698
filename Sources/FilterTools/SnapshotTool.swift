import ArgumentParser
import ByteStream
import Snapshot
import ToolSupport

/// `oci-snapshot`: records a tree.
public struct SnapshotTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-snapshot",
        abstract: "Record a directory tree, for oci-diff to compare with later.",
        usage: "oci-snapshot [<options>] <dir>",
        discussion: """
            Writes mtree(5) to stdout, as bsdtar and go-mtree read it: type, mode, owner, links, \
            size, time, inode, sha256 and extended attributes of everything in DIR. On any error \
            the text has no end, and oci-diff refuses it.

            Example:
              oci-snapshot ./dist >dist.mtree
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("Directory tree.", valueName: "dir"))
    var directory: Path

    @OptionGroup var threads: ThreadOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let output = OutputBuffer()
        try SnapshotWriter(directory, threads: threads.count, warn: console.warn)
            .write(to: output)
    }
}

/// Option for the number of threads that read a tree.
struct ThreadOptions: ParsableArguments {
    @Option(
        name: .customLong("threads"),
        help: ArgumentHelp("Number of reader threads (default: all cores).", valueName: "n"))
    var count: Int?

    func validate() throws {
        guard count.map({ (1...200).contains($0) }) ?? true else {
            throw ValidationError("--threads is 1 to 200")
        }
    }
}

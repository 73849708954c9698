import ArgumentParser
import ByteStream
import Glibc
import Snapshot
import ToolSupport

/// `oci-diff`: lists what changed in a tree.
public struct DiffTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-diff",
        abstract: "List what changed in a directory tree since its snapshot.",
        usage: "oci-diff [<options>] <snapshot> <dir>",
        discussion: """
            Writes paths relative to DIR to stdout, as 'oci-tar --files-from' reads them: changed \
            and new paths, and .wh.NAME for removed ones, between two lines that prove that the \
            list is whole. Nothing is written when nothing changed. Times are compared in whole \
            seconds, as layers store them. When one name of a hard-linked file is listed, all its \
            names are, so that they stay links of each other.

            Example:
              oci-diff dist.mtree ./dist |
                oci-tar --files-from - ./dist --root-dir /app >layer.tar
            """,
        version: Version.text)

    @Argument(help: "Snapshot by oci-snapshot, bsdtar or umoci; '-' is stdin.")
    var snapshot: Path

    @Argument(help: ArgumentHelp("Directory tree.", valueName: "dir"))
    var directory: Path

    @Flag(name: [.customShort("0"), .customLong("null")], help: "End paths with a zero byte.")
    var isNullSeparated = false

    @Flag(help: "Do not read files whose metadata is unchanged since the snapshot.")
    var fast = false

    @OptionGroup var threads: ThreadOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let input =
            snapshot == "-"
            ? try console.standardInput(expecting: "a snapshot")
            : try InputStream(opening: snapshot)
        var comparison = TreeComparison()
        comparison.isFast = fast
        comparison.threads = threads.count
        let recorded = try Snapshot(input)
        if !recorded.otherDigests.isEmpty {
            let names = recorded.otherDigests.sorted().joined(separator: ", ")
            console.warn("contents are not compared where the snapshot has only \(names)")
        }
        let changes = try comparison.changes(from: recorded, to: directory, warn: console.warn)
        try PathLines.write(changes, isNullSeparated: isNullSeparated)
    }
}

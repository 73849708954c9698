import ByteStream
import ImageTree
import ToolSupport

/// Sums of bytes in columns, for people.
struct SizeTable {
    /// The text, a line for each directory and layer.
    let bytes: [UInt8]

    init(_ sizes: TreeSizes) {
        var table = TextTable([.right, .right, .right, .left])
        table.append(["SIZE", "COVERED", "LAYER", "PATH"])
        for row in sizes.rows {
            let path = [UInt8(ascii: "/")] + row.path
            table.append([
                SizeTable.text(row.byteCount),
                row.coveredByteCount == 0 ? "" : SizeTable.text(row.coveredByteCount),
                String(row.layer), escaped(path),
            ])
        }
        bytes = Array((table.lines().joined(separator: "\n") + "\n").utf8)
    }

    private static func text(_ byteCount: UInt64) -> String {
        humanReadable(Int64(clamping: byteCount))
    }
}

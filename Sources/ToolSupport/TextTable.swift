/// Rows of text in aligned columns, two spaces apart; columns without any text are left out.
public struct TextTable {
    public enum Alignment: Sendable {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]] = []

    public init(_ alignments: [Alignment]) {
        self.alignments = alignments
    }

    /// - Precondition: a cell for each column, without newlines.
    public mutating func append(_ row: [String]) {
        precondition(row.count == alignments.count)
        rows.append(row)
    }

    /// The lines, without white space at their ends.
    ///
    /// - Parameter width: the width to which the last column is cut; nil means no limit.
    public func lines(width: Int? = nil) -> [String] {
        let widths = alignments.indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        let columns = alignments.indices.filter { widths[$0] > 0 }
        let before = columns.dropLast().reduce(0) { $0 + widths[$1] + 2 }
        return rows.map { row in
            var line = ""
            for column in columns {
                var cell = row[column]
                let isLast = column == columns.last
                if isLast, let width {
                    cell = Printable.truncated(cell, to: max(8, width - before))
                }
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                switch alignments[column] {
                case .left: line += cell + (isLast ? "" : padding)
                case .right: line += padding + cell
                }
                if !isLast { line += "  " }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
}

import Glibc

/// The style of a report.
struct ReportStyle {
    /// Whether nothing is shortened.
    var isFull: Bool
    var hasColor: Bool
    /// The number of columns of the terminal; nil without a terminal.
    var width: Int?

    /// Whether the environment allows colours.
    ///
    /// - Spec: no-color.org.
    static var environmentAllowsColor: Bool {
        if let noColor = getenv("NO_COLOR"), noColor.pointee != 0 { return false }
        guard let terminal = getenv("TERM") else { return false }
        return strcmp(terminal, "dumb") != 0
    }

    func bold(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    /// The table's width limit.
    var tableWidth: Int? { isFull ? nil : width }
}

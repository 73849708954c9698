import Glibc

/// The style of a report.
struct ReportStyle {
    /// Shortens nothing.
    var isFull: Bool
    var hasColor: Bool
    /// Columns of the terminal; nil when there is none.
    var width: Int?

    /// False where the user or the terminal wants no colours.
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

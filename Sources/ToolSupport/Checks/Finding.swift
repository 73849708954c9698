/// The result of a check, as a line for a person.
public struct Finding: Sendable {
    /// How bad it is, as it is printed.
    public enum Level: String, Sendable {
        case fine = "ok"
        case warning
        case problem
    }

    public let level: Level
    public let subject: String
    public let text: String

    public init(_ level: Level, _ subject: String, _ text: String) {
        self.level = level
        self.subject = subject
        self.text = text
    }
}

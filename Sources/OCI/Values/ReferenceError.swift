/// Why a text is not a reference.
public struct ReferenceError: Error, Hashable, Sendable {
    /// What the user wrote.
    public let reference: String
    public let problem: String

    init(_ reference: String, _ problem: String) {
        self.reference = reference
        self.problem = problem
    }
}

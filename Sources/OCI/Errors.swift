import JSON

/// Why a text by the user is not a valid value.
public struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problem: String

    public init(_ problem: String) {
        self.problem = problem
    }

    public var description: String { problem }
}

/// Why a well-formed image cannot be changed as requested.
public struct EditError: Error, Hashable, Sendable {
    /// The field that prevents the change.
    public let path: JSONPath
    public let problem: String

    public init(_ path: JSONPath, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    /// The message: `layers[2].mediaType: Docker has no such layer`.
    public var text: String { path.text.isEmpty ? problem : "\(path.text): \(problem)" }
}

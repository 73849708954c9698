import JSON

/// Why a text that a user gave is not the value it should be.
public struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problem: String

    public init(_ problem: String) {
        self.problem = problem
    }

    public var description: String { problem }
}

/// Why an image that is well formed cannot be changed as it was asked.
public struct EditError: Error, Hashable, Sendable {
    /// The field that stands in the way.
    public let path: JSONPath
    public let problem: String

    public init(_ path: JSONPath, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    /// As in `layers[2].mediaType: Docker has no such layer`.
    public var text: String { path.text.isEmpty ? problem : "\(path.text): \(problem)" }
}

import ByteStream
import JSON
import OCI

/// A fault of an image.
public struct ImageFault: Hashable, Sendable {
    /// The digest of the blob or document, or a file of a layout.
    public let subject: String
    /// The field of the document; empty for the whole.
    public let path: String
    public let problem: String

    init(_ subject: String, _ path: String = "", _ problem: String) {
        self.subject = subject
        self.path = path
        self.problem = problem
    }

    /// The fault as one line: the subject, a space, the field with a colon, and the problem.
    public var line: String {
        let field = path.isEmpty ? "" : "\(path): "
        let text = "\(subject) \(field)\(problem)"
        // Text of a document must not break the line.
        return escaped(text)
    }

    /// The fault for an error about the data; nil for an error with another cause.
    init?(_ subject: String, _ error: any Error) {
        switch error {
        case let error as JSONError: self.init(subject, "", error.text)
        case let error as EditError:
            let prefix = "config.data."
            let path = error.path.text
            self.init(
                subject, path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path,
                error.problem)
        case let error as any Failure where error.exitStatus == .dataError:
            self.init(subject, "", error.message)
        default: return nil
        }
    }
}

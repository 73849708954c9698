/// The exit statuses of every tool.
///
/// - Spec: sysexits(3); docs/design.md, "Exit statuses".
public enum ExitStatus: Int32, Sendable {
    /// The negative answer of a tool that answers a question; it has no other use.
    case no = 1
    case usage = 64
    /// Input that is truncated, does not match its digest, or is malformed.
    case dataError = 65
    case cannotOpenInput = 66
    /// The registry refused, or does not have it.
    case unavailable = 69
    /// A bug of the tool.
    case internalError = 70
    case systemError = 71
    case cannotCreateOutput = 73
    case inputOutput = 74
    /// Trying again later may work.
    case temporary = 75
    case protocolError = 76
    case denied = 77
    case configuration = 78
    /// The reader of the output has closed it; the status that a shell shows for SIGPIPE.
    case brokenPipe = 141
}

/// An error that a tool can report: one line of text and an exit status.
public protocol Failure: Error, Sendable {
    var exitStatus: ExitStatus { get }

    /// Problem first, subject in quotes, the system's text last; no tool name, no full stop.
    var message: String { get }
}

/// An error of a stream or file, with its path.
public enum StreamError: Failure {
    case open(path: Path, Errno)
    /// A FIFO, device or socket in the place of a regular file.
    case notRegularFile(path: Path)
    case create(path: Path, Errno)
    /// A FIFO, device or socket in the place of a file to be written, which stays.
    case notReplaced(path: Path)
    case read(path: Path, Errno)
    case write(path: Path, Errno)
    case system(call: String, Errno)
    /// More bytes than the limit for its kind.
    case tooLarge(path: Path, limit: Int)

    public var exitStatus: ExitStatus {
        switch self {
        case .open: .cannotOpenInput
        case .create, .notReplaced: .cannotCreateOutput
        case .read: .inputOutput
        case .write(_, let errno): errno == .brokenPipe ? .brokenPipe : .inputOutput
        case .system: .systemError
        case .notRegularFile, .tooLarge: .dataError
        }
    }

    public var message: String {
        switch self {
        case .open(let path, let errno): "cannot open \(path.quoted): \(errno)"
        case .notRegularFile(let path): "not a regular file: \(path.quoted)"
        case .create(let path, let errno): "cannot create \(path.quoted): \(errno)"
        case .notReplaced(let path): "not replaced, since it is not a regular file: \(path.quoted)"
        case .read(let path, let errno): "cannot read \(path.quoted): \(errno)"
        case .write(let path, let errno): "cannot write \(path.quoted): \(errno)"
        case .system(let call, let errno): "\(call) failed: \(errno)"
        case .tooLarge(let path, let limit): "more than \(limit) bytes in \(path.quoted)"
        }
    }
}

/// An unexpected error.
public struct InternalError: Failure {
    public let message: String

    public init(_ error: any Error) {
        message = "internal error: \(error)"
    }

    public var exitStatus: ExitStatus { .internalError }
}

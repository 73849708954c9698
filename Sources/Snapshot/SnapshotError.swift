import ByteStream
import Tar

/// Reasons why a snapshot cannot be made or compared.
public enum SnapshotError: Failure {
    case tar(TarError)
    case stream(StreamError)
    case empty(path: Path)
    /// The input has another format.
    case wrongFormat(path: Path, InputFormat)
    /// The snapshot is truncated within a directory or a line.
    case cut(path: Path, line: Int)
    case malformed(path: Path, line: Int, String)
    case tooLarge(path: Path, line: Int)
    /// A changed path has a newline in its name, but newlines separate the paths.
    case newline(path: Path)

    public var exitStatus: ExitStatus {
        switch self {
        case .tar(let error): error.exitStatus
        case .stream(let error): error.exitStatus
        case .empty, .wrongFormat, .cut, .malformed, .tooLarge, .newline: .dataError
        }
    }

    public var message: String {
        switch self {
        case .tar(let error): error.message
        case .stream(let error): error.message
        case .empty(let path): "no snapshot on \(path.quoted): it is empty"
        case .wrongFormat(let path, let format):
            "\(format.name) on \(path.quoted), where a snapshot is expected"
        case .cut(let path, let line):
            "cut snapshot on \(path.quoted): it ends at line \(line) inside a directory"
        case .malformed(let path, let line, let problem):
            "malformed snapshot on \(path.quoted) at line \(line): \(problem)"
        case .tooLarge(let path, let line):
            "snapshot on \(path.quoted) is too large at line \(line)"
        case .newline(let path):
            "\(path.quoted) has a newline in its name; end the paths with zero bytes by --null"
        }
    }
}

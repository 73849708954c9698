import ByteStream
import OCI
import Tar

/// Reasons why bytes are not a layer.
public enum LayerError: Failure {
    case tar(TarError)
    case stream(StreamError)
    /// The compressed stream is incomplete.
    case cut(path: Path, format: String, offset: Int64)
    case malformed(path: Path, format: String, String)
    /// A zstd frame whose window exceeds the memory limit.
    case window(path: Path, byteCount: Int)
    /// The mark announces a trailer that is missing.
    case missingTrailer(path: Path)
    /// The trailer does not match the decompressed layer.
    case trailerMismatch(path: Path, claimed: Digest, actual: Digest)
    /// The bytes do not have the declared media type.
    case contradiction(path: Path, declared: MediaType, found: String)
    case digest(path: Path, expected: Digest, actual: Digest)
    case size(path: Path, expected: Int64, actual: Int64)
    /// The layer is complete, but has another diffID than the expected one.
    case diffID(path: Path, expected: Digest, actual: Digest)
    /// - Parameter format: the format of the bytes, when it is known.
    case notLayer(path: Path, format: InputFormat? = nil)
    /// The layer decompresses to more than the allowed ratio.
    case bomb(path: Path, byteCount: Int64, ratio: Int)
    case empty(path: Path)
    /// A file of a zstd:chunked layer does not match the layer's table.
    case table(path: Path, file: Path, String)
    /// libzstd or zlib failed, for example because memory is exhausted.
    case library(String)

    public var exitStatus: ExitStatus {
        switch self {
        case .tar(let error): error.exitStatus
        case .stream(let error): error.exitStatus
        case .cut, .malformed, .window, .missingTrailer, .trailerMismatch, .contradiction, .digest,
            .size, .diffID, .notLayer, .bomb, .empty, .table:
            .dataError
        case .library: .systemError
        }
    }

    public var message: String {
        switch self {
        case .tar(let error): error.message
        case .stream(let error): error.message
        case .cut(let path, let format, let offset):
            "cut \(format) stream on \(path.quoted): it ends at byte \(offset) before its last frame"
        case .malformed(let path, let format, let problem):
            "malformed \(format) stream on \(path.quoted): \(problem)"
        case .window(let path, let byteCount):
            "zstd stream on \(path.quoted) has a window of more than \(byteCount) bytes"
        case .missingTrailer(let path):
            "cut layer on \(path.quoted): the trailer of oci-zstd is missing"
        case .trailerMismatch(let path, let claimed, let actual):
            "layer trailer mismatch on \(path.quoted): it says \(claimed), the tar is \(actual)"
        case .contradiction(let path, let declared, let found):
            "\(path.quoted) is \(found), not \(declared)"
        case .digest(let path, let expected, let actual):
            "digest mismatch for \(path.quoted): expected \(expected), got \(actual)"
        case .size(let path, let expected, let actual):
            "size mismatch for \(path.quoted): expected \(expected) bytes, got \(actual)"
        case .diffID(let path, let expected, let actual):
            "diffID mismatch for \(path.quoted): expected \(expected), got \(actual)"
        case .notLayer(let path, let format?):
            "\(format.name) on \(path.quoted), where a layer is expected"
        case .notLayer(let path, nil): "no layer on \(path.quoted): not a tar, gzip or zstd"
        case .bomb(let path, let byteCount, let ratio):
            "\(path.quoted) decompresses to more than \(ratio) times its \(byteCount) bytes"
        case .empty(let path): "no input on \(path.quoted): it is empty"
        case .table(let path, let file, let problem):
            "\(file.quoted) of \(path.quoted) is not what its table says: \(problem)"
        case .library(let problem): problem
        }
    }
}

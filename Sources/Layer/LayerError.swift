import ByteStream
import OCI
import Tar

/// What keeps bytes from being a layer.
public enum LayerError: Failure {
    case tar(TarError)
    case stream(StreamError)
    /// The compressed stream ended before its format says it does.
    case cut(path: Path, format: String, offset: Int64)
    case malformed(path: Path, format: String, String)
    /// A zstd frame whose decoding takes more memory than any layer may ask for.
    case window(path: Path, byteCount: Int)
    /// The bytes say they end with a trailer and do not.
    case missingTrailer(path: Path)
    /// The trailer and what the layer decompresses to are different things.
    case trailerMismatch(path: Path, claimed: Digest, actual: Digest)
    /// The bytes are not of the media type that was declared.
    case contradiction(path: Path, declared: MediaType, found: String)
    case digest(path: Path, expected: Digest, actual: Digest)
    case size(path: Path, expected: Int64, actual: Int64)
    /// The layer is whole, but not the one whose uncompressed digest was stated.
    case diffID(path: Path, expected: Digest, actual: Digest)
    case notLayer(path: Path)
    /// The layer decompresses to so much that it seems to be made to fill a disk.
    case bomb(path: Path, byteCount: Int64, ratio: Int)
    case empty(path: Path)
    /// A file of a zstd:chunked layer is not what the layer's table says of it.
    case table(path: Path, file: Path, String)
    /// libzstd or zlib failed for a reason of its own, as for want of memory.
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
        case .notLayer(let path): "no layer on \(path.quoted): not a tar, gzip or zstd"
        case .bomb(let path, let byteCount, let ratio):
            "\(path.quoted) decompresses to more than \(ratio) times its \(byteCount) bytes"
        case .empty(let path): "no input on \(path.quoted): it is empty"
        case .table(let path, let file, let problem):
            "\(file.quoted) of \(path.quoted) is not what its table says: \(problem)"
        case .library(let problem): problem
        }
    }
}

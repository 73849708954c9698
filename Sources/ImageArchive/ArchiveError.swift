import ByteStream
import JSON
import OCI
import Tar

/// Why an archive cannot be loaded or written.
public enum ArchiveError: Failure {
    case tar(TarError)
    /// Neither Docker's nor OCI's.
    case notAnArchive(path: Path)
    /// An archive by Docker before version 1.10, which has no manifest.
    case obsolete(path: Path)
    /// Compressed in a format that is not supported here; `command` decompresses it.
    case compressed(path: Path, format: String, command: String)
    case malformed(document: String, JSONError)
    /// A path that leads out of the archive, or is a duplicate.
    case badPath(path: Path, String)
    case tooManyEntries(limit: Int)
    /// The documents and names exceed the memory limit.
    case tooMuchText(limit: Int)
    /// A document names a file that is missing.
    case missing(subject: String)
    /// A document exceeds the size limit.
    case tooLarge(subject: String, limit: Int)
    case notALayer(path: Path)
    case diffID(path: Path, expected: Digest, actual: Digest)
    case layerCount(diffIDs: Int, layers: Int)
    case noSuchPlatform(Platform, available: [String])
    case noSuchImage(name: String?, names: [String])
    case ambiguous(names: [String])
    /// The number of names does not match the number of images.
    case names(count: Int, images: Int)

    public var exitStatus: ExitStatus {
        switch self {
        case .tar(let error): error.exitStatus
        case .notAnArchive, .obsolete, .compressed, .malformed, .badPath, .tooManyEntries,
            .tooMuchText,
            .missing, .tooLarge, .notALayer, .diffID, .layerCount:
            .dataError
        case .noSuchImage, .noSuchPlatform: .unavailable
        case .ambiguous, .names: .usage
        }
    }

    public var message: String {
        switch self {
        case .tar(let error): error.message
        case .notAnArchive(let path):
            "no archive of images on \(path.quoted): neither index.json nor manifest.json is in it"
        case .obsolete(let path):
            "archive of Docker before 1.10 on \(path.quoted), without manifest.json; save it again "
                + "with a newer one"
        case .compressed(let path, let format, let command):
            "archive compressed by \(format) on \(path.quoted); pipe it through '\(command)'"
        case .malformed(let document, let error):
            "malformed \(quote(document)) of the archive: \(error.text)"
        case .badPath(let path, let problem): "\(path.quoted) of the archive \(problem)"
        case .tooManyEntries(let limit): "an archive of more than \(limit) entries"
        case .tooMuchText(let limit): "an archive with more than \(limit) bytes of documents"
        case .missing(let subject): "\(subject) is not in the archive"
        case .tooLarge(let subject, let limit):
            "\(subject) of the archive has more than \(limit) bytes"
        case .notALayer(let path): "\(path.quoted) of the archive is not a layer"
        case .diffID(let path, let expected, let actual):
            "diffID mismatch for \(path.quoted) of the archive: expected \(expected), got \(actual)"
        case .layerCount(let diffIDs, let layers):
            "\(diffIDs) diffIDs for \(layers) layers in the archive"
        case .noSuchPlatform(let platform, let available):
            "no image for '\(platform)' in the archive; there are \(list(available))"
        case .noSuchImage(let name, let names):
            "no image \(name.map { quote($0) + " " } ?? "")in the archive; there are "
                + list(names)
        case .ambiguous(let names):
            "several images in the archive, and one tag for them; choose with --image from "
                + list(names)
        case .names(let count, let images):
            "\(count) names for \(images) images; each takes one --tag, or none has a name"
        }
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "none with a name" : quoteList(names)
    }
}

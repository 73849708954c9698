import ByteStream
import JSON
import OCI

/// Why an image layout could not be read or written.
public enum LayoutError: Failure {
    /// The file or directory at `path` is not an image layout; `reason` says what is missing or
    /// wrong.
    case notALayout(path: Path, reason: String)
    /// A directory to write to has other content than a layout.
    case occupied(path: Path)
    case malformed(path: Path, JSONError)
    case noSuchManifest(path: Path, selector: ManifestSelector, tags: [String])
    case noSuchBlob(path: Path, Digest)
    /// The directory of blobs is a symbolic link, so other layouts may have the same blobs.
    case sharedBlobs(path: Path)
    /// Without a tag, the layout must have exactly one image.
    case ambiguous(path: Path, tags: [String], untagged: Int)
    /// Several entries with different manifests have the same tag.
    case duplicateTag(path: Path, tag: String)

    public var exitStatus: ExitStatus {
        switch self {
        case .notALayout, .malformed, .duplicateTag, .sharedBlobs: .dataError
        case .occupied: .cannotCreateOutput
        case .noSuchManifest, .noSuchBlob: .unavailable
        case .ambiguous(_, let tags, let untagged):
            tags.isEmpty && untagged == 0 ? .unavailable : .usage
        }
    }

    public var message: String {
        switch self {
        case .notALayout(let path, let reason): "not an image layout: \(path.quoted): \(reason)"
        case .occupied(let path):
            "cannot make an image layout of \(path.quoted): it has other content"
        case .malformed(let path, let error): "malformed \(path.quoted): \(error.text)"
        case .noSuchManifest(let path, let selector, let tags):
            "no \(quote(selector.description)) in image layout \(path.quoted)"
                + (tags.isEmpty ? "" : "; it has \(quoteList(tags))")
        case .noSuchBlob(let path, let digest):
            "no blob \(quote(digest.description)) in image layout \(path.quoted)"
        case .sharedBlobs(let path):
            "nothing is removed: other layouts may use \(path.quoted), which is a symbolic link"
        case .ambiguous(let path, let tags, let untagged):
            if tags.isEmpty && untagged == 0 {
                "no image in image layout \(path.quoted)"
            } else {
                "several images in image layout \(path.quoted), name one of "
                    + quoteList(tags)
                    + (untagged == 0 ? "" : tags.isEmpty ? "them by its digest" : " or a digest")
            }
        case .duplicateTag(let path, let tag):
            "several manifests with the tag \(quote(tag)) in image layout \(path.quoted)"
        }
    }
}

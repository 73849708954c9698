import ByteStream
import OCI
import Tar

/// Why the layers of an image cannot be merged into one tree.
public enum ImageTreeError: Failure {
    /// An entry that cannot be applied to the layers below. Layers are numbered from 1.
    case refused(layer: Int, path: Path, String)
    /// More names and attributes than one run may keep in memory.
    case tooLarge(subject: String, byteCount: Int)
    /// The tar of a layer does not match the layer's table. Layers are numbered from 1.
    case tableMismatch(layer: Int)
    /// A damaged listing in memory.
    case damaged
    /// The image has no such path.
    case noSuchPath(Path)
    /// An image whose layers are not the lowest of another.
    case otherBase

    public var exitStatus: ExitStatus {
        switch self {
        case .refused, .tooLarge, .otherBase, .tableMismatch: .dataError
        case .damaged: .internalError
        case .noSuchPath: .unavailable
        }
    }

    public var message: String {
        switch self {
        case .refused(let layer, let path, let problem):
            "\(path.quoted) of layer \(layer) is refused: \(problem)"
        case .tooLarge(let subject, let byteCount):
            "\(subject) has more than \(byteCount) bytes of names and attributes"
        case .tableMismatch(let layer): "layer \(layer) is not what its table says"
        case .damaged: "internal error: a listing is damaged"
        case .otherBase: "the layers of the image below are not the lowest of this one"
        case .noSuchPath(let path): "no such path in the image: \(path.quoted)"
        }
    }
}

import Hashing
import OCI

/// The key of a cached listing.
enum ListingKey: Hashable, Sendable {
    /// A layer that was read whole and verified to have this diffID.
    case layer(diffID: Digest)
    /// A table, which only the manifest of its layer proves.
    case table(Digest, layer: Digest)

    /// The text of the key in the file.
    var text: String {
        switch self {
        case .layer(let diffID): diffID.description
        case .table(let table, let layer): "\(table) of \(layer)"
        }
    }

    /// The name of the file.
    var fileName: String {
        switch self {
        case .layer(let diffID): "\(diffID.algorithm.rawValue)-\(diffID.encoded)"
        case .table: "table-\(Digest.of(Array(text.utf8)).encoded)"
        }
    }

    /// The digest of the table; nil for a layer that was read itself.
    var table: Digest? {
        if case .table(let digest, _) = self { digest } else { nil }
    }
}

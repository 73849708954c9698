import Hashing
import OCI

/// What a listing that is kept is a listing of.
enum ListingKey: Hashable, Sendable {
    /// A layer that was read whole and has this diffID.
    case layer(diffID: Digest)
    /// A table, which nothing but the manifest of its layer vouches for.
    case table(Digest, layer: Digest)

    /// As the file says it.
    var text: String {
        switch self {
        case .layer(let diffID): diffID.description
        case .table(let table, let layer): "\(table) of \(layer)"
        }
    }

    /// Without what the listing has.
    var fileName: String {
        switch self {
        case .layer(let diffID): "\(diffID.algorithm.rawValue)-\(diffID.encoded)"
        case .table: "table-\(Digest.of(Array(text.utf8)).encoded)"
        }
    }

    /// Digest of the table; nil for what was read from the layer itself.
    var table: Digest? {
        if case .table(let digest, _) = self { digest } else { nil }
    }
}

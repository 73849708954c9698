import ByteStream

/// Why the table of a zstd:chunked layer cannot be used. The layer itself may still be read.
public enum TableError: Failure {
    /// The annotations of the layer do not give a valid position.
    case location(String)
    case tooLarge(byteCount: Int64, limit: Int64)
    /// The table has its digest, but is malformed.
    case malformed(String)

    public var exitStatus: ExitStatus {
        switch self {
        case .location, .tooLarge, .malformed: .dataError
        }
    }

    public var message: String {
        switch self {
        case .location(let problem): "unusable annotations of its table: \(problem)"
        case .tooLarge(let byteCount, let limit):
            "its table has \(byteCount) bytes, where \(limit) are the most"
        case .malformed(let problem): "malformed table: \(problem)"
        }
    }
}

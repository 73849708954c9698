import JSON

/// A content digest, `algorithm:encoded`.
///
/// Only algorithms that this toolkit can compute are accepted, because a digest that cannot be
/// checked proves nothing.
///
/// - Spec: image-spec v1.1.1, descriptor.md, Digests.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The algorithms by the names that digests begin with.
    public enum Algorithm: String, CaseIterable, Sendable {
        case sha256
        case sha512

        /// The size of a digest in bytes, half the number of its digits.
        public var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }
    }

    public let algorithm: Algorithm
    /// Lower-case hexadecimal digits.
    public let encoded: String

    /// - Parameter bytes: the raw digest, `algorithm.byteCount` long.
    public init(_ algorithm: Algorithm, bytes: some Sequence<UInt8>) {
        self.algorithm = algorithm
        encoded = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
        precondition(encoded.utf8.count == algorithm.byteCount * 2)
    }

    /// - Returns: nil for anything that is not a digest of a known algorithm, in lower case.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])) else {
            return nil
        }
        let isHexadecimal = parts[1].utf8.allSatisfy(\.isSmallHexadecimal)
        guard isHexadecimal, parts[1].utf8.count == algorithm.byteCount * 2 else { return nil }
        self.algorithm = algorithm
        encoded = String(parts[1])
    }

    /// Whether a text is a digest of any algorithm, even one that is not supported.
    ///
    /// - Spec: image-spec v1.1.1, descriptor.md, Digests.
    public static func isDigest(_ text: String) -> Bool {
        let parts = text.utf8.split(
            separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return false }
        let components = parts[0].split(omittingEmptySubsequences: false) {
            "+._-".utf8.contains($0)
        }
        let isAlgorithm = components.allSatisfy { component in
            !component.isEmpty && component.allSatisfy { $0.isDigit || $0.isSmallLetter }
        }
        return isAlgorithm && parts[1].allSatisfy { $0.isAlphanumeric || "=_-".utf8.contains($0) }
    }

    public var description: String { "\(algorithm.rawValue):\(encoded)" }
}

/// A content digest, `algorithm:encoded`.
///
/// Only algorithms that this toolkit can compute are accepted: a digest that cannot be checked is no
/// proof of anything.
///
/// - Spec: image-spec v1.1.1, descriptor.md, Digests.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    public enum Algorithm: String, CaseIterable, Sendable {
        case sha256
        case sha512

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
        let isHexadecimal = parts[1].utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66)
        }
        guard isHexadecimal, parts[1].utf8.count == algorithm.byteCount * 2 else { return nil }
        self.algorithm = algorithm
        encoded = String(parts[1])
    }

    public var description: String { "\(algorithm.rawValue):\(encoded)" }
}

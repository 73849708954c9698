import CCrypto

/// A digest of a file's content by an algorithm of mtree(5) other than SHA-256.
///
/// It shows whether a file changed since another program recorded it; it never identifies a blob.
///
/// - Spec: mtree(5), Keywords.
public struct FileDigest: Hashable, Sendable {
    /// The algorithms by their keywords.
    public enum Algorithm: String, CaseIterable, Sendable {
        // The strongest first.
        case sha512
        case sha384
        case sha512256
        case sha1
        case rmd160
        case md5

        /// The algorithm of a keyword; several keywords may mean the same. nil for other keywords.
        public init?(keyword: String) {
            let suffix = "digest"
            let name = keyword.hasSuffix(suffix) ? String(keyword.dropLast(suffix.count)) : keyword
            self.init(rawValue: name == "ripemd160" ? "rmd160" : name)
        }

        /// Whether libcrypto has it; some builds omit old algorithms.
        public var isAvailable: Bool {
            guard let type = EVP_MD_fetch(nil, name, nil) else { return false }
            EVP_MD_free(type)
            return true
        }

        fileprivate var name: String {
            switch self {
            case .sha512: "SHA512"
            case .sha384: "SHA384"
            case .sha512256: "SHA512-256"
            case .sha1: "SHA1"
            case .rmd160: "RIPEMD160"
            case .md5: "MD5"
            }
        }

        fileprivate var byteCount: Int {
            switch self {
            case .sha512: 64
            case .sha384: 48
            case .sha512256: 32
            case .sha1, .rmd160: 20
            case .md5: 16
            }
        }
    }

    public let algorithm: Algorithm
    private let bytes: [UInt8]

    /// - Returns: nil for other text than the algorithm's number of hexadecimal digits.
    public init?(_ algorithm: Algorithm, hexadecimal text: some Collection<UInt8>) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        guard high == nil, bytes.count == algorithm.byteCount else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    private init(_ algorithm: Algorithm, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// libcrypto does not have the algorithm.
    public struct Unavailable: Error {}

    /// A digest over bytes that arrive piece by piece.
    public final class Computation {
        private let algorithm: Algorithm
        private let context: OpaquePointer

        public init(_ algorithm: Algorithm) throws(Unavailable) {
            self.algorithm = algorithm
            guard let type = EVP_MD_fetch(nil, algorithm.name, nil) else { throw Unavailable() }
            defer { EVP_MD_free(type) }
            guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
            self.context = context
            if EVP_DigestInit_ex(context, type, nil) != 1 { throw Unavailable() }
        }

        deinit {
            EVP_MD_CTX_free(context)
        }

        public func update(_ bytes: UnsafeRawBufferPointer) {
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
            EVP_DigestUpdate(context, start, bytes.count)
        }

        /// The digest of all bytes. No bytes may be added afterwards.
        public func finalize() -> FileDigest {
            var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var count: UInt32 = 0
            EVP_DigestFinal_ex(context, &bytes, &count)
            return FileDigest(algorithm, bytes: Array(bytes.prefix(Int(count))))
        }
    }
}

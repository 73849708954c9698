import CCrypto
import OCI

/// A digest over bytes that arrive piece by piece.
public final class StreamingDigest {
    public let algorithm: Digest.Algorithm
    private let context: OpaquePointer
    /// Number of bytes hashed.
    public private(set) var byteCount: Int64 = 0

    public init(_ algorithm: Digest.Algorithm = .sha256) {
        self.algorithm = algorithm
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        self.context = context
        let type =
            switch algorithm {
            case .sha256: EVP_sha256()
            case .sha512: EVP_sha512()
            }
        let status = EVP_DigestInit_ex(context, type, nil)
        precondition(status == 1, "libcrypto does not provide \(algorithm)")
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    public func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        EVP_DigestUpdate(context, start, bytes.count)
        byteCount += Int64(bytes.count)
    }

    public func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of the bytes so far; more bytes may be added.
    public func current() -> Digest {
        let copy = StreamingDigest(algorithm)
        let status = EVP_MD_CTX_copy_ex(copy.context, context)
        precondition(status == 1, "out of memory")
        return copy.finalize()
    }

    /// Starts again; also allowed after `finalize()`.
    public func restart() {
        let status = EVP_DigestInit_ex(context, nil, nil)
        precondition(status == 1, "libcrypto cannot start over")
        byteCount = 0
    }

    /// The digest of all bytes. No bytes may be added afterwards.
    public func finalize() -> Digest { Digest(algorithm, bytes: finalizeBytes()) }

    /// The raw bytes of the digest. No bytes may be added afterwards.
    public func finalizeBytes() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        EVP_DigestFinal_ex(context, &bytes, &count)
        return Array(bytes.prefix(Int(count)))
    }

    /// Writes the raw bytes of the digest. Nothing may be added afterwards.
    ///
    /// - Parameter space: at least as long as the digest.
    public func finalize(into space: UnsafeMutableRawBufferPointer) {
        precondition(space.count >= Int(EVP_MD_CTX_get0_md(context).map(EVP_MD_get_size) ?? 0))
        EVP_DigestFinal_ex(context, space.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
    }
}

extension Digest {
    /// The digest of bytes in memory.
    public static func of(
        _ bytes: [UInt8], algorithm: Digest.Algorithm = .sha256
    ) -> Digest {
        let digest = StreamingDigest(algorithm)
        digest.update(bytes)
        return digest.finalize()
    }
}

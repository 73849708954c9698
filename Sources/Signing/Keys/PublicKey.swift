import ByteStream
import CCrypto
import Hashing
import OCI

/// A public key.
public struct PublicKey: Sendable {
    private let handle: KeyHandle
    /// Its name in messages.
    public let path: Path
    /// The key's identifier in bundles: base64 of the SHA-256 of its DER.
    ///
    /// - Spec: sigstore protobuf-specs, PublicKeyIdentifier.
    public let hint: String

    /// Reads a public key as PEM.
    ///
    /// - Parameter path: its name in messages.
    /// - Throws: `SigningError.unusableKey`.
    public init(pem: [UInt8], path: Path) throws(SigningError) {
        let pointer = pem.withUnsafeBytes { text in
            guard let input = BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else {
                return OpaquePointer?.none
            }
            defer { BIO_free(input) }
            // A public key is not encrypted; without this callback libcrypto would prompt on the
            // terminal.
            return PEM_read_bio_PUBKEY(input, nil, { _, _, _, _ in -1 }, nil)
        }
        ERR_clear_error()
        guard let pointer else {
            let label = pem.withUnsafeBytes { PEM.label(of: $0) }
            throw .unusableKey(
                path,
                problem: label?.hasSuffix("PRIVATE KEY") ?? false
                    ? "a private key, where the public one is needed" : "no public key in PEM")
        }
        try self.init(KeyHandle(pointer, path: path), path: path)
    }

    /// - Throws: `StreamError` and `SigningError.unusableKey`.
    public init(readingFile path: Path) throws {
        try self.init(
            pem: InputStream.readFile(path, limit: SecretBytes.byteLimit), path: path)
    }

    init(_ handle: KeyHandle, path: Path) throws(SigningError) {
        self.handle = handle
        self.path = path
        let digest = StreamingDigest(.sha256)
        digest.update(try handle.publicKeyInfo())
        hint = String(decoding: Base64.encode(digest.finalizeBytes()), as: UTF8.self)
    }

    /// Whether `signature` is a valid signature of `message`: ASN.1 for EC, PKCS #1 v1.5 for RSA,
    /// both with SHA-256; pure Ed25519.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        handle.verifies(signature, of: message)
    }
}

import ByteStream
import CCrypto

/// A key of libcrypto: EC P-256, RSA of at least 2048 bits, or Ed25519.
///
/// Immutable, and usable from several threads at once.
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    private let isEd25519: Bool

    /// The accepted sizes of RSA keys; larger ones only take more time.
    private static let rsaBits: ClosedRange<Int32> = 2048...16384

    /// Takes ownership of the key, and frees it when its type is not supported.
    ///
    /// - Throws: `SigningError.unusableKey`.
    init(_ pointer: OpaquePointer, path: Path) throws(SigningError) {
        self.pointer = pointer
        isEd25519 = EVP_PKEY_is_a(pointer, "ED25519") == 1
        if isEd25519 { return }
        if EVP_PKEY_is_a(pointer, "RSA") == 1 {
            guard KeyHandle.rsaBits.contains(EVP_PKEY_get_bits(pointer)) else {
                throw .unusableKey(
                    path, problem: "RSA of \(EVP_PKEY_get_bits(pointer)) bits, not 2048 to 16384")
            }
            return
        }
        guard EVP_PKEY_is_a(pointer, "EC") == 1 else {
            throw .unusableKey(path, problem: "neither EC P-256, RSA nor Ed25519")
        }
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        guard EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1,
            name.prefix(count).elementsEqual("prime256v1".utf8.map { CChar(bitPattern: $0) })
        else { throw .unusableKey(path, problem: "EC of another curve than P-256") }
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// The hash of the message to sign; nil for Ed25519, which hashes itself.
    private var hash: OpaquePointer? { isEd25519 ? nil : EVP_sha256() }

    /// - Throws: `SigningError.library`.
    func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, hash, nil, pointer) == 1,
            EVP_DigestSign(context, nil, &count, message, message.count) == 1
        else { throw .library(call: "EVP_DigestSignInit") }
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
            throw .library(call: "EVP_DigestSign")
        }
        return Array(signature.prefix(count))
    }

    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, hash, nil, pointer) == 1
            && EVP_DigestVerify(
                context, signature, signature.count, message, message.count) == 1
    }

    /// The public half as DER.
    ///
    /// - Throws: `SigningError.library`.
    /// - Spec: RFC 5280, SubjectPublicKeyInfo.
    func publicKeyInfo() throws(SigningError) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(pointer, &bytes)
        guard count > 0, let bytes else { throw .library(call: "i2d_PUBKEY") }
        defer { CRYPTO_free(bytes, nil, 0) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}

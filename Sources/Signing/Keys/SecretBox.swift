import CCrypto

/// NaCl's secret box: XSalsa20 and Poly1305, with which cosign encrypts keys.
///
/// - Spec: NaCl, crypto_secretbox_xsalsa20poly1305: a tag of 16 bytes, then the encrypted bytes.
enum SecretBox {
    private static let tagByteCount = 16

    /// Decrypts a box that was sealed with `key` and `nonce`.
    ///
    /// - Returns: nil when the tag does not match, because of a wrong password.
    /// - Throws: `SigningError.library`.
    static func open(
        _ box: [UInt8], key: SecretBytes, nonce: [UInt8]
    ) throws(SigningError) -> SecretBytes? {
        guard box.count >= tagByteCount else { return nil }
        let cipher = key.withBytes { XSalsa20(key: $0, nonce: nonce) }
        // The first 32 bytes of the keystream are the key of Poly1305.
        let tagKey = SecretBytes(capacity: 32)
        tagKey.fill { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            cipher.apply(to: buffer)
            return buffer.count
        }
        let tag = try poly1305(Array(box[tagByteCount...]), key: tagKey)
        guard CRYPTO_memcmp(tag, Array(box[..<tagByteCount]), tagByteCount) == 0 else {
            return nil
        }
        let opened = SecretBytes(capacity: box.count - tagByteCount)
        opened.fill { buffer in
            for (index, byte) in box[tagByteCount...].enumerated() { buffer[index] = byte }
            let count = box.count - tagByteCount
            cipher.apply(to: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            return count
        }
        return opened
    }

    private static func poly1305(
        _ bytes: [UInt8], key: SecretBytes
    ) throws(SigningError) -> [UInt8] {
        guard let method = EVP_MAC_fetch(nil, "POLY1305", nil) else {
            throw .library(call: "EVP_MAC_fetch")
        }
        defer { EVP_MAC_free(method) }
        guard let context = EVP_MAC_CTX_new(method) else {
            throw .library(call: "EVP_MAC_CTX_new")
        }
        defer { EVP_MAC_CTX_free(context) }
        var tag = [UInt8](repeating: 0, count: tagByteCount)
        var count = 0
        let isDone = key.withBytes { key in
            EVP_MAC_init(
                context, key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count, nil) == 1
                && EVP_MAC_update(context, bytes, bytes.count) == 1
                && EVP_MAC_final(context, &tag, &count, tag.count) == 1
        }
        guard isDone, count == tagByteCount else { throw .library(call: "EVP_MAC") }
        return tag
    }
}

import ByteStream
import CCrypto
import JSON

/// A private key.
public struct PrivateKey: Sendable {
    private let handle: KeyHandle
    public let publicKey: PublicKey

    /// Reads a private key: PEM of PKCS#8, encrypted or not, or the older forms for EC and RSA; or
    /// cosign's encrypted format.
    ///
    /// - Parameters:
    ///   - pem: the file's content.
    ///   - password: called only when the key is encrypted; returns nil when there is no password.
    /// - Throws: `SigningError`, and what `password` throws.
    public init(
        pem: SecretBytes, path: Path, password: () throws -> SecretBytes?
    ) throws {
        let sealed = pem.withBytes { PEM.body(of: $0, labels: SigstoreKeyFile.labels) }
        let pointer =
            if let sealed {
                try PrivateKey.unseal(sealed, path: path, password: password)
            } else {
                try PrivateKey.parse(pem, path: path, password: password)
            }
        handle = try KeyHandle(pointer, path: path)
        publicKey = try PublicKey(handle, path: path)
    }

    /// - Throws: `StreamError`, and as `init(pem:path:password:)`.
    public init(readingFile path: Path, password: () throws -> SecretBytes?) throws {
        try self.init(pem: SecretBytes(readingFile: path), path: path, password: password)
    }

    /// - Throws: `SigningError.library`.
    public func sign(_ message: [UInt8]) throws(SigningError) -> [UInt8] {
        try handle.sign(message)
    }

    /// The state of libcrypto's password callback.
    private final class Request {
        var password: SecretBytes?
        var wasAsked = false
    }

    private static func parse(
        _ pem: SecretBytes, path: Path, password: () throws -> SecretBytes?
    ) throws -> OpaquePointer {
        let request = Request()
        if let key = read(pem, request) { return key }
        guard request.wasAsked else {
            throw SigningError.unusableKey(path, problem: "no private key in PEM")
        }
        guard let given = try password() else { throw SigningError.passwordNeeded(path) }
        request.password = given
        guard let key = read(pem, request) else { throw SigningError.wrongPassword(path) }
        return key
    }

    private static func read(_ pem: SecretBytes, _ request: Request) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return pem.withBytes { text in
            guard let input = BIO_new_mem_buf(text.baseAddress, Int32(clamping: text.count)) else {
                return nil
            }
            defer { BIO_free(input) }
            return PEM_read_bio_PrivateKey(
                input, nil,
                { buffer, size, _, context in
                    guard let buffer, let context else { return -1 }
                    let request = Unmanaged<Request>.fromOpaque(context).takeUnretainedValue()
                    request.wasAsked = true
                    guard let password = request.password, password.count <= Int(size) else {
                        return -1
                    }
                    password.withBytes {
                        UnsafeMutableRawBufferPointer(
                            start: buffer, count: Int(size)
                        ).copyMemory(from: $0)
                    }
                    return Int32(password.count)
                }, Unmanaged.passUnretained(request).toOpaque())
        }
    }

    /// Decrypts a key of cosign.
    private static func unseal(
        _ body: [UInt8], path: Path, password: () throws -> SecretBytes?
    ) throws -> OpaquePointer {
        let file: SigstoreKeyFile
        do {
            file = try SigstoreKeyFile(body)
        } catch {
            throw SigningError.unusableKey(path, problem: error.text)
        }
        guard let password = try password() else { throw SigningError.passwordNeeded(path) }
        let key = SecretBytes(capacity: XSalsa20.keyByteCount)
        try key.fill { (output) throws(SigningError) in
            let isDone = password.withBytes { password in
                EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count,
                    file.salt, file.salt.count, file.cost, file.blockSize, file.parallelism,
                    2 * SigstoreKeyFile.memoryLimit,
                    output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    XSalsa20.keyByteCount)
            }
            guard isDone == 1 else { throw .library(call: "EVP_PBE_scrypt") }
            return XSalsa20.keyByteCount
        }
        guard let opened = try SecretBox.open(file.ciphertext, key: key, nonce: file.nonce) else {
            throw SigningError.wrongPassword(path)
        }
        let pointer = opened.withBytes { bytes in
            var start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        ERR_clear_error()
        guard let pointer else {
            throw SigningError.unusableKey(path, problem: "what is encrypted is no private key")
        }
        return pointer
    }
}

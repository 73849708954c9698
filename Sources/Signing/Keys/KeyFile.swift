import ByteStream
import JSON
import OCI

/// A key that cosign encrypted: scrypt and NaCl's secret box around a PKCS#8 key.
///
/// - Spec: cosign, specs; go-securesystemslib, encrypted: the JSON in the PEM body.
struct SigstoreKeyFile {
    let cost: UInt64
    let blockSize: UInt64
    let parallelism: UInt64
    let salt: [UInt8]
    let nonce: [UInt8]
    let ciphertext: [UInt8]

    static let labels = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"]

    /// The memory limit for deriving the key: sixteen times what cosign uses.
    static let memoryLimit: UInt64 = 1 << 30

    /// - Parameter body: the decoded body of the PEM.
    /// - Throws: `JSONError` with the field that is missing or differs from cosign's format.
    init(_ body: [UInt8]) throws(JSONError) {
        let field = JSONField(try JSON.parse(body))
        let derivation = try field.required("kdf")
        try derivation.required("name").expect("scrypt")
        let parameters = try derivation.required("params")
        cost = try parameters.required("N").positive()
        blockSize = try parameters.required("r").positive()
        parallelism = try parameters.required("p").positive()
        // The limits of RFC 7914, and a limit to the work.
        guard cost > 1, cost & (cost - 1) == 0, parallelism <= 16, blockSize <= 64,
            cost <= SigstoreKeyFile.memoryLimit / 128 / blockSize
        else { throw parameters.failure("parameters of scrypt out of range") }
        salt = try derivation.required("salt").base64()
        let cipher = try field.required("cipher")
        try cipher.required("name").expect("nacl/secretbox")
        let nonce = try cipher.required("nonce")
        self.nonce = try nonce.base64()
        guard self.nonce.count == XSalsa20.nonceByteCount else {
            throw nonce.failure("not of \(XSalsa20.nonceByteCount) bytes")
        }
        ciphertext = try field.required("ciphertext").base64()
    }
}

extension JSONField {
    fileprivate func expect(_ text: String) throws(JSONError) {
        guard try string() == text else { throw failure("not '\(text)'") }
    }

    fileprivate func positive() throws(JSONError) -> UInt64 {
        let value = try integer()
        guard value > 0, let number = UInt64(exactly: value) else { throw failure("not positive") }
        return number
    }

    func base64() throws(JSONError) -> [UInt8] {
        guard let bytes = Base64.decode(Array(try string().utf8)) else {
            throw failure("not base64")
        }
        return bytes
    }
}

/// The format of PEM files.
///
/// - Spec: RFC 7468, section 3.
enum PEM {
    /// The label of the first block, such as `PUBLIC KEY`; nil without one.
    static func label(of text: UnsafeRawBufferPointer) -> String? {
        guard let begin = find("-----BEGIN ", in: text, from: 0),
            let end = find("-----", in: text, from: begin.upperBound)
        else { return nil }
        return String(decoding: text[begin.upperBound..<end.lowerBound], as: UTF8.self)
    }

    /// The decoded body of the first block with one of `labels`; not for secret content.
    static func body(of text: UnsafeRawBufferPointer, labels: [String]) -> [UInt8]? {
        for label in labels {
            guard let begin = find("-----BEGIN \(label)-----", in: text, from: 0),
                let end = find("-----END \(label)-----", in: text, from: begin.upperBound)
            else { continue }
            let body = text[begin.upperBound..<end.lowerBound].filter {
                $0 != 0x0A && $0 != 0x0D && $0 != 0x20 && $0 != 0x09
            }
            return Base64.decode(Array(body))
        }
        return nil
    }

    private static func find(
        _ pattern: String, in text: UnsafeRawBufferPointer, from start: Int
    ) -> Range<Int>? {
        let pattern = Array(pattern.utf8)
        guard text.count >= pattern.count, start <= text.count - pattern.count else { return nil }
        for offset in start...(text.count - pattern.count)
        where text[offset..<(offset + pattern.count)].elementsEqual(pattern) {
            return offset..<(offset + pattern.count)
        }
        return nil
    }
}

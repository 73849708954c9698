import ByteStream
import Hashing
import OCI

@testable import Signing

/// Documents around signatures. Invented ones never verify.
@Sendable func checkSignatures(_ input: [UInt8]) throws {
    let digest = Digest.of(input)
    let key = try PublicKey(pem: Array(publicKey.utf8), path: "key")
    try expectRejection {
        _ = try Bundle.verify(
            input, digest: digest, predicateType: Statement.signaturePredicateType,
            annotations: [], keys: [key])
    }
    let repository = try RegistryReference("registry.test/example/app:1")
    try expectRejection {
        try SimpleSigning.verify(
            input, signature: "MEQCIA==", digest: digest, identity: repository, annotations: [],
            keys: [key])
    }
    _ = try outcome { try SimpleSigning(input).identity }
    _ = try outcome { try Statement(input).predicateType }
    guard let envelope = try outcome({ EnvelopeContent(try Bundle(input).envelope) }).value else {
        return
    }
    let written = Bundle.bytes(envelope.envelope, hint: nil)
    let again = try outcome { EnvelopeContent(try Bundle(written).envelope) }
    try expect(again.value == envelope, "written and read: \(again)")
    _ = try outcome { try Statement(envelope.payload).predicateType }
}

/// Key files: PEM, DER inside it, and cosign's encrypted form. No password is set.
@Sendable func checkKeys(_ input: [UInt8]) throws {
    let message = Array("message".utf8)
    if let key = try keyOutcome({ try PublicKey(pem: input, path: "key") }) {
        try expect(!key.verifies(Array(input.prefix(100)), of: message), "no signature verifies")
        try expect(!key.hint.isEmpty, "a key without a name")
    }
    let secret = input.withUnsafeBytes { SecretBytes(copying: $0) }
    if let key = try keyOutcome({ try PrivateKey(pem: secret, path: "key") { nil } }),
        let signature = try keyOutcome({ try key.sign(message) })
    {
        try expect(key.publicKey.verifies(signature, of: message), "a signature does not verify")
        try expect(!key.publicKey.verifies(signature, of: message + [0]), "any message verifies")
    }
    _ = try outcome { try SigstoreKeyFile(input).nonce }
}

private struct EnvelopeContent: Equatable {
    let payloadType: String
    let payload: [UInt8]
    let signature: [UInt8]

    init(_ envelope: Envelope) {
        payloadType = envelope.payloadType
        payload = envelope.payload
        signature = envelope.signature
    }

    var envelope: Envelope {
        Envelope(payloadType: payloadType, payload: payload, signature: signature)
    }
}

private func expectRejection(_ verify: () throws -> Void) throws {
    do {
        try verify()
    } catch is Rejection {
        return
    }
    throw Broken("what nobody signed verifies")
}

/// Nil for a key that is refused. Only failures of libcrypto itself are reported.
private func keyOutcome<Value>(_ body: () throws -> Value) throws -> Value? {
    do {
        return try body()
    } catch let error as SigningError {
        try expect(error.exitStatus != .internalError, error.message)
        return nil
    }
}

private let publicKey = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE51Q1l3pH4GRo8ppxaULX+tRsMYZz
    Krx9oV5xycKnVHbCs4lCr3XYxzPiWzyGv03QZoS3UomzeFJTOijNlcCMmQ==
    -----END PUBLIC KEY-----
    """

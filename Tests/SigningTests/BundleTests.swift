import ByteStream
import Hashing
import JSON
import OCI
import Testing

@testable import Signing

private let image = "sha256:" + String(repeating: "ab", count: 32)
private let other = "sha256:" + String(repeating: "cd", count: 32)

/// A bundle in cosign's present form, and documents that are almost one.
@Suite struct BundleTests {
    private let key: PrivateKey
    private let stranger: PrivateKey

    init() throws {
        key = try Fixture.privateKey("ec.pem")
        stranger = try Fixture.privateKey("ed25519.pem")
    }

    private func statement(
        _ about: String = image, type: String = Statement.signaturePredicateType,
        annotations: [KeyValue] = []
    ) throws -> [UInt8] {
        Statement.bytes(
            about: try digest(about), annotations: annotations, predicateType: type,
            predicate: .object(JSONObject()))
    }

    private func bundle(
        _ payload: [UInt8], payloadType: String = Statement.mediaType, by signer: PrivateKey
    ) throws -> [UInt8] {
        let signature = try signer.sign(
            Envelope.signedBytes(payloadType: payloadType, payload: payload))
        return Bundle.bytes(
            Envelope(payloadType: payloadType, payload: payload, signature: signature),
            hint: key.publicKey.hint)
    }

    private func verify(
        _ bytes: [UInt8], type: String = Statement.signaturePredicateType,
        annotations: [KeyValue] = []
    ) throws(Rejection) -> Statement {
        guard let digest = Digest(image) else { throw .malformed("") }
        return try Bundle.verify(
            bytes, digest: digest, predicateType: type, annotations: annotations,
            keys: [key.publicKey])
    }

    @Test func bytesThatAreSigned() throws {
        // The example of the specification.
        let bytes = Envelope.signedBytes(
            payloadType: "http://example.com/HelloWorld", payload: Array("hello world".utf8))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    }

    @Test func formOfAStatement() throws {
        #expect(
            String(decoding: try statement(), as: UTF8.self)
                == #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":""#
                + String(repeating: "ab", count: 32)
                + #""}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}"#)
    }

    @Test func formOfABundle() throws {
        let text = String(
            decoding: Bundle.bytes(
                Envelope(payloadType: "t", payload: [1], signature: [2]), hint: "aGludA=="),
            as: UTF8.self)
        #expect(
            text
                == #"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","#
                + #""verificationMaterial":{"publicKey":{"hint":"aGludA=="},"tlogEntries":[],"#
                + #""timestampVerificationData":{}},"dsseEnvelope":{"payload":"AQ==","#
                + #""payloadType":"t","signatures":[{"sig":"Ag=="}]}}"#)
    }

    @Test(arguments: ["ec.pem", "rsa.pem", "ed25519.pem"])
    func everyKindOfKey(name: String) throws {
        let key = try Fixture.privateKey(name)
        let bytes = try bundle(statement(), by: key)
        _ = try Bundle.verify(
            bytes, digest: digest(image), predicateType: Statement.signaturePredicateType,
            annotations: [], keys: [Fixture.publicKey("cosign-made.pub"), key.publicKey])
    }

    @Test func annotationsThatAreSigned() throws {
        let bytes = try bundle(
            statement(annotations: [keyValue("who=me"), keyValue("why=so")]), by: key)
        _ = try verify(bytes, annotations: [keyValue("why=so")])
        #expect(throws: Rejection.missingAnnotation("why")) {
            try verify(bytes, annotations: [keyValue("why=not")])
        }
        // Equal as Swift strings, but other bytes.
        let composed = try bundle(statement(annotations: [keyValue("k=\u{E9}")]), by: key)
        #expect(throws: Rejection.missingAnnotation("k")) {
            try verify(composed, annotations: [keyValue("k=e\u{301}")])
        }
    }

    @Test func attestationsAreNoSignatures() throws {
        let bytes = try bundle(statement(type: "https://spdx.dev/Document"), by: key)
        #expect(throws: Rejection.otherType("https://spdx.dev/Document")) { try verify(bytes) }
        let statement = try verify(bytes, type: "https://spdx.dev/Document")
        #expect(statement.predicate == .object(JSONObject()))
    }

    @Test func forgeriesByOthers() throws {
        #expect(throws: Rejection.notByKey) { try verify(bundle(statement(), by: stranger)) }
        #expect(throws: Rejection.otherDigest(String(repeating: "cd", count: 32))) {
            try verify(bundle(statement(other), by: key))
        }
        #expect(throws: Rejection.otherType("text/plain")) {
            try verify(bundle(statement(), payloadType: "text/plain", by: key))
        }
        // The signed bytes are neither the payload itself nor another encoding of it.
        let payload = try statement()
        for message in [
            payload, Array("DSSEv1 \(payload.count) ".utf8) + payload,
            Envelope.signedBytes(payloadType: "", payload: payload),
            Envelope.signedBytes(payloadType: Statement.mediaType, payload: payload + [0x0A]),
            Array(Digest.of(payload).description.utf8),
        ] {
            let forged = Bundle.bytes(
                Envelope(
                    payloadType: Statement.mediaType, payload: payload,
                    signature: try key.sign(message)),
                hint: key.publicKey.hint)
            #expect(throws: Rejection.notByKey) { try verify(forged) }
        }
        for signature in [[], [0], [0x30, 0x06, 0x02, 0x01, 0, 0x02, 0x01, 0]] as [[UInt8]] {
            let forged = Bundle.bytes(
                Envelope(
                    payloadType: Statement.mediaType, payload: payload, signature: signature),
                hint: key.publicKey.hint)
            #expect(throws: Rejection.notByKey) { try verify(forged) }
        }
    }

    /// Statements that the key signed, but that are not about this image.
    @Test(arguments: [
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"T","predicate":{}}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","predicateType":"T","predicate":{}}"#,
        #"{"_type":"https://in-toto.io/Statement/v2","subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}"#,
        #"{"subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}]}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha512":"D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":["D"]}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"sha256:D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"sha256:D"}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D","sha256":"E"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"E"}}],"predicateType":"T","subject":[{"digest":{"sha256":"D"}}]}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}],"predicateType":"T""#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"U"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"SHA256":"D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":" D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"E","sha512":"D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"E"},"uri":"sha256:D"}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":{"digest":{"sha256":"D"}},"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":null,"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[null],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":null}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":null}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}],"predicateType":null}"#,
        #"{"_type":null,"subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}],"predicateType":["T"]}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","_TYPE":"x","subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}{}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}\0"#,
        "\u{FEFF}"
            + #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"D"}}],"predicateType":"T"}"#,
        "", "{}", "null", "[]", "sha256:D",
    ])
    func statementsAboutNothing(template: String) throws {
        let text = template.replacing("\"T\"", with: "\"\(Statement.signaturePredicateType)\"")
            .replacing("D\"", with: String(repeating: "ab", count: 32) + "\"")
            .replacing("U\"", with: String(repeating: "AB", count: 32) + "\"")
        let bytes = try bundle(Array(text.utf8), by: key)
        #expect(throws: Rejection.self) { try verify(bytes) }
    }

    /// Changes to a valid bundle, each of which makes it invalid.
    @Test(arguments: [
        ("bundle.v0.3+json", "bundle.v0.4+json"), (#""mediaType":"#, #""type":"#),
        (#""verificationMaterial":"#, #""material":"#), (#""dsseEnvelope":"#, #""envelope":"#),
        (#""payloadType":"application/vnd.in-toto+json""#, #""payloadType":"application/json""#),
        (#""payloadType":"#, #""payloadtype":"#), (#""signatures":[{"#, #""signatures":[],"s":[{"#),
        (#""signatures":[{"#, #""signatures":[{"sig":"AA=="},{"#), (#""sig":"#, #""signature":"#),
        (#""sig":""#, #""sig":"_"#), (#""sig":""#, #""sig":"AA"#),
        (#""payload":""#, #""payload":"!"#), (#""payload":""#, #""payload":"AAAA"#),
        (#""payload":""#, #""payload":"AA==","payload":""#),
        (#""dsseEnvelope":"#, #""messageSignature":{},"dsseEnvelope":"#),
        ("}}", "}"), ("{", "[{"), ("{", "{\"mediaType\":null,"), ("{", "\u{FEFF}{"),
        (#""signatures":[{"#, #""signatures":null,"s":[{"#), (#""sig":""#, #""sig":null,"s":""#),
        (#""payload":""#, #""payload":null,"p":""#), (#""payload":""#, #""payload":" "#),
        (#""payload":""#, #""payload":"\n"#), (#""sig":""#, #""sig":"\u0000"#),
        (#""payloadType":"application"#, #""payloadType":"Application"#),
        (#"in-toto+json""#, #"in-toto+json ""#), (#"in-toto+json""#, #"in-toto+json;v=1""#),
        (#"bundle.v0.3+json"#, #"bundle.v0.3+json "#), (#""sig":"#, #""sig":"","sig":"#),
        (#""dsseEnvelope":"#, #""dsseEnvelope":null,"d":"#),
        (#""verificationMaterial":{"#, #""verificationMaterial":null,"v":{"#),
        (#""signatures":[{"#, #""signatures":[null,{"#),
    ])
    func changedBundles(change: (from: String, to: String)) throws {
        let text = String(decoding: try bundle(statement(), by: key), as: UTF8.self)
        _ = try verify(Array(text.utf8))
        let place = try #require(text.firstRange(of: change.from))
        let changed = text.replacingSubrange(place, with: change.to)
        #expect(throws: Rejection.self) { try verify(Array(changed.utf8)) }
    }

    /// Data beside the signature is ignored: nobody signed it.
    @Test(arguments: [
        (#""hint":""#, #""hint":"AAAA"#), (#""sig":"#, #""keyid":"someone","sig":"#),
        (#""tlogEntries":[]"#, #""tlogEntries":[{"logIndex":"1","integratedTime":"99999999999"}]"#),
        (#""publicKey":{"#, #""certificate":{"#), (#""tlogEntries":[],"#, ""),
    ])
    func whatIsNotSigned(change: (from: String, to: String)) throws {
        let text = String(decoding: try bundle(statement(), by: key), as: UTF8.self)
        let place = try #require(text.firstRange(of: change.from))
        _ = try verify(Array(text.replacingSubrange(place, with: change.to).utf8))
        let forged = String(decoding: try bundle(statement(), by: stranger), as: UTF8.self)
        let other = try #require(forged.firstRange(of: change.from))
        #expect(throws: Rejection.notByKey) {
            try verify(Array(forged.replacingSubrange(other, with: change.to).utf8))
        }
    }

    /// A type with blanks and digits must not be mistaken for the beginning of a payload.
    @Test func typeAndPayloadDoNotRunTogether() throws {
        let payload = try statement()
        let whole = Envelope.signedBytes(payloadType: Statement.mediaType, payload: payload)
        let type = Statement.mediaType
        for split in [1, 2, 10, 27] {
            // The same bytes after the head, divided elsewhere.
            let moved = Array(type.utf8.dropFirst(split)) + [0x20] + payload
            let message = Envelope.signedBytes(
                payloadType: String(type.prefix(split)), payload: moved)
            #expect(message != whole)
            let forged = Bundle.bytes(
                Envelope(
                    payloadType: type, payload: payload, signature: try key.sign(message)),
                hint: nil)
            #expect(throws: Rejection.notByKey) { try verify(forged) }
        }
    }

    /// Every bit of the signature and of the payload counts.
    @Test func flippedBits() throws {
        let envelope = try Bundle(bundle(statement(), by: key)).envelope
        for index in envelope.payload.indices {
            var payload = envelope.payload
            payload[index] ^= 1
            let forged = Bundle.bytes(
                Envelope(
                    payloadType: envelope.payloadType, payload: payload,
                    signature: envelope.signature), hint: nil)
            #expect(throws: Rejection.notByKey) { try verify(forged) }
        }
        for index in envelope.signature.indices {
            var signature = envelope.signature
            signature[index] ^= 1
            let forged = Bundle.bytes(
                Envelope(
                    payloadType: envelope.payloadType, payload: envelope.payload,
                    signature: signature), hint: nil)
            #expect(throws: Rejection.notByKey) { try verify(forged) }
        }
    }
}

extension String {
    fileprivate func replacingSubrange(
        _ range: Range<String.Index>, with text: String
    ) -> String {
        var copy = self
        copy.replaceSubrange(range, with: text)
        return copy
    }
}

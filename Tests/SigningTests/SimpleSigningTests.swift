import JSON
import OCI
import Testing

@testable import Signing

private let other = "sha256:" + String(repeating: "cd", count: 32)

/// The form with a `.sig` tag: documents of cosign's, and others.
@Suite struct SimpleSigningTests {
    private let repository = "192.168.64.2:5000/cosign-signed-single-sample"

    private func verify(
        _ payload: [UInt8], _ signature: String, digest text: String = cosignSigned,
        identity: String, key: PublicKey, annotations: [KeyValue] = []
    ) throws(Rejection) {
        guard let digest = Digest(text) else { throw .malformed("digest") }
        let reference: RegistryReference
        do {
            reference = try RegistryReference(identity)
        } catch {
            throw .otherIdentity(identity)
        }
        try SimpleSigning.verify(
            payload, signature: signature, digest: digest, identity: reference,
            annotations: annotations, keys: [key])
    }

    @Test func whatCosignMade() throws {
        let key = try Fixture.publicKey("cosign-made.pub")
        let made = try Fixture.attachment("cosign-made.json")
        try verify(made.payload, made.signature, identity: repository, key: key)
        try verify(made.payload, made.signature, identity: repository + ":any", key: key)
        #expect(throws: Rejection.otherDigest(cosignSigned)) {
            try verify(made.payload, made.signature, digest: other, identity: repository, key: key)
        }
        #expect(throws: Rejection.otherIdentity(repository)) {
            try verify(made.payload, made.signature, identity: repository + "-2", key: key)
        }
        #expect(throws: Rejection.notByKey) {
            try verify(
                made.payload, made.signature, identity: repository,
                key: Fixture.publicKey("ec.pub"))
        }
        #expect(throws: Rejection.missingAnnotation("who")) {
            try verify(
                made.payload, made.signature, identity: repository, key: key,
                annotations: [keyValue("who=me")])
        }
        #expect(
            SimpleSigning.bytes(
                about: try digest(cosignSigned), identity: repository, annotations: [])
                == made.payload)
    }

    @Test func aTagThatIsSigned() throws {
        let key = try Fixture.publicKey("cosign-made.pub")
        let made = try Fixture.attachment("cosign-made-with-tag.json")
        let named = try SimpleSigning(made.payload).identity
        let reference = try RegistryReference(named)
        let tag = try #require(reference.tag)
        try verify(made.payload, made.signature, identity: named, key: key)
        try verify(
            made.payload, made.signature,
            identity: "\(reference.repositoryName)@\(cosignSigned)", key: key)
        #expect(throws: Rejection.otherIdentity(named)) {
            try verify(
                made.payload, made.signature, identity: "\(reference.repositoryName):not-\(tag)",
                key: key)
        }
    }

    /// Payloads that the key signed, but that containers/image refuses.
    @Test(arguments: [
        #"{"critical":C}"#, #"{"optional":null}"#, #"{"critical":C,"optional":null,"more":1}"#,
        #"{"critical":C,"optional":[]}"#, #"{"critical":C,"optional":{"timestamp":"now"}}"#,
        #"{"critical":C,"optional":{"timestamp":1.5}}"#,
        #"{"critical":C,"optional":{"creator":1}}"#,
        #"{"critical":C,"critical":C,"optional":null}"#,
        #"{"critical":{"identity":I,"image":D},"optional":null}"#,
        #"{"critical":{"identity":I,"image":D,"type":"atomic container signature"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":D,"type":"T","x":1},"optional":null}"#,
        #"{"critical":{"identity":{},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":1},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":""},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":{},"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":{"Docker-manifest-digest":"X"},"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":{"docker-manifest-digest":"Y"},"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":{"docker-manifest-digest":"U"},"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":{"docker-manifest-digest":"X","docker-manifest-digest":"Y"},"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":"example.com/app/"},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":"example.com/App"},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":"example.com/app/other"},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":"oci:example.com/app"},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":{"docker-reference":"example.com/app@Y"},"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":null,"image":D,"type":"T"},"optional":null}"#,
        #"{"critical":{"identity":I,"image":D,"type":"t"},"optional":null}"#,
        #"{"critical":C,"optional":null}{}"#, #"{"critical":C,"optional":null}!"#,
        #"{"critical":null,"optional":null}"#, "{}", "", "[]",
    ])
    func payloadsThatAreNone(template: String) throws {
        let key = try Fixture.privateKey("rsa.pem")
        let identity = #"{"docker-reference":"example.com/app"}"#
        let image = #"{"docker-manifest-digest":"X"}"#
        let whole = #"{"identity":I,"image":D,"type":"T"}"#
        func filled(_ text: String) -> [UInt8] {
            Array(
                text.replacing(":C", with: ":\(whole)").replacing(":I", with: ":\(identity)")
                    .replacing(":D", with: ":\(image)")
                    .replacing("\"T\"", with: "\"cosign container image signature\"")
                    .replacing("\"X\"", with: "\"\(cosignSigned)\"")
                    .replacing("\"Y\"", with: "\"\(other)\"")
                    .replacing("@Y\"", with: "@\(other)\"")
                    .replacing("\"U\"", with: "\"\(cosignSigned.uppercased())\"").utf8)
        }
        func check(_ text: String) throws {
            let bytes = filled(text)
            let signature = String(decoding: Base64.encode(try key.sign(bytes)), as: UTF8.self)
            try verify(bytes, signature, identity: "example.com/app", key: key.publicKey)
        }
        try check(#"{"critical":C,"optional":null}"#)
        try check(#"{"critical":C,"optional":{"timestamp":1700000000,"a":"b"}}"#)
        #expect(throws: Rejection.self) { try check(template) }
    }

    @Test(arguments: ["", "!", "AA", "MEUCIQ==", " ", "_-==", "AA==\n", "AB=="])
    func signaturesThatAreNone(text: String) throws {
        let made = try Fixture.attachment("cosign-made.json")
        #expect(throws: Rejection.self) {
            try verify(
                made.payload, text, identity: repository,
                key: Fixture.publicKey("cosign-made.pub"))
        }
    }

    @Test func dockerHubByItsOlderName() throws {
        let key = try Fixture.privateKey("ec.pem")
        let payload = SimpleSigning.bytes(
            about: try digest(other), identity: "index.docker.io/library/busybox", annotations: [])
        let signature = String(decoding: Base64.encode(try key.sign(payload)), as: UTF8.self)
        try verify(payload, signature, digest: other, identity: "busybox", key: key.publicKey)
    }
}

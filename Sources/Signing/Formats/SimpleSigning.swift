import JSON
import OCI

/// The payload of cosign's older signatures, which policies of containers/image verify.
///
/// - Spec: containers/image, atomic-signature.md; cosign, specs/SIGNATURE_SPEC.md.
public struct SimpleSigning: Sendable {
    public static let mediaType = MediaType("application/vnd.dev.cosign.simplesigning.v1+json")
    /// The annotation of a payload's layer with its signature in base64.
    public static let signatureAnnotation: JSONString = "dev.cosignproject.cosign/signature"
    private static let type = "cosign container image signature"

    /// The maximum size of a payload.
    public static let byteLimit = 4 << 20

    public let digest: String
    public let identity: String
    public let annotations: [(key: String, value: JSON)]

    /// The exact bytes that are signed; the format has no canonical form.
    ///
    /// - Parameter identity: `HOST/REPOSITORY` of the image.
    public static func bytes(
        about digest: Digest, identity: String, annotations: [KeyValue]
    ) -> [UInt8] {
        func object(_ key: JSONString, _ value: JSON) -> JSON {
            var object = JSONObject()
            object[key] = value
            return .object(object)
        }
        var critical = JSONObject()
        critical["identity"] = object("docker-reference", .string(identity))
        critical["image"] = object("docker-manifest-digest", .string(digest.description))
        critical["type"] = .string(type)
        var optional = JSONObject()
        for annotation in annotations {
            optional[JSONString(annotation.key)] = .string(annotation.value)
        }
        var payload = JSONObject()
        payload["critical"] = .object(critical)
        payload["optional"] = optional.isEmpty ? .null : .object(optional)
        return payload.serialized()
    }

    /// Parses a payload as strictly as containers/image: unknown members are refused.
    ///
    /// - Throws: `JSONError`.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        let field = JSONField(try JSON.parse(bytes))
        try field.expectMembers(["critical", "optional"])
        let critical = try field.required("critical")
        try critical.expectMembers(["identity", "image", "type"])
        let type = try critical.required("type")
        guard try type.string() == SimpleSigning.type else {
            throw type.failure("not '\(SimpleSigning.type)'")
        }
        let image = try critical.required("image")
        try image.expectMembers(["docker-manifest-digest"])
        digest = try image.required("docker-manifest-digest").string()
        let identity = try critical.required("identity")
        try identity.expectMembers(["docker-reference"])
        self.identity = try identity.required("docker-reference").string()
        let optional = try field.member("optional")
        annotations =
            try optional?.object().members.map { (key: $0.key.text, value: $0.value) } ?? []
        if let time = try optional?.member("timestamp") { _ = try time.integer() }
        if let creator = try optional?.member("creator") { _ = try creator.string() }
    }

    /// Checks that one of `keys` signed `digest` for the repository `identity`.
    ///
    /// - Parameters:
    ///   - identity: the repository; with a tag and no digest, a payload that names a tag must name
    ///     this one.
    ///   - annotations: the annotations that the payload must have.
    /// - Throws: `Rejection`.
    public static func verify(
        _ bytes: [UInt8], signature: String, digest: Digest, identity: RegistryReference,
        annotations: [KeyValue], keys: [PublicKey]
    ) throws(Rejection) {
        guard let signature = Base64.decode(Array(signature.utf8)) else {
            throw .malformed("the signature is not base64")
        }
        guard keys.contains(where: { $0.verifies(signature, of: bytes) }) else {
            throw .notByKey
        }
        let payload: SimpleSigning
        do {
            payload = try SimpleSigning(bytes)
        } catch {
            throw .malformed(error.text)
        }
        guard payload.digest == digest.description else { throw .otherDigest(payload.digest) }
        try payload.checkIdentity(identity)
        for wanted in annotations
        where !payload.annotations.contains(where: {
            haveSameBytes($0.key, wanted.key) && $0.value == .string(wanted.value)
        }) {
            throw .missingAnnotation(wanted.key)
        }
    }

    /// - Spec: containers-policy.json(5), matchRepoDigestOrExact.
    private func checkIdentity(_ expected: RegistryReference) throws(Rejection) {
        let named: RegistryReference
        do {
            named = try RegistryReference(identity)
        } catch {
            throw .otherIdentity(identity)
        }
        guard named.repositoryName == expected.repositoryName else {
            throw .otherIdentity(identity)
        }
        if let digest = named.digest, digest.description != self.digest {
            throw .otherIdentity(identity)
        }
        // Without a tag after the repository, `latest` is only Docker's default.
        let namesTag = identity.split(separator: "/").last?.contains(":") ?? false
        if namesTag, named.digest == nil, let tag = expected.tag, expected.digest == nil,
            named.tag != tag
        {
            throw .otherIdentity(identity)
        }
    }
}

extension JSONField {
    /// Checks that an object has exactly these members.
    fileprivate func expectMembers(_ keys: [JSONString]) throws(JSONError) {
        let members = try object().members.map(\.key)
        for key in keys where !members.contains(key) {
            throw .field(path: path.key(key), "missing")
        }
        if let other = members.first(where: { !keys.contains($0) }) {
            throw .field(path: path.key(other), "unknown")
        }
    }
}

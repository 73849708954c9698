import JSON
import OCI

/// A sigstore bundle: an envelope and its verification material.
///
/// - Spec: sigstore protobuf-specs, sigstore_bundle.proto, version 0.3.
public struct Bundle: Sendable {
    public static let mediaType = MediaType("application/vnd.dev.sigstore.bundle.v0.3+json")

    /// The maximum size of a bundle: a predicate in base64, and little more.
    public static let byteLimit = 4 * (Statement.predicateByteLimit / 3) + (1 << 20)

    /// The annotation of the manifest about its bundle, as cosign writes it.
    public static let contentAnnotation: JSONString = "dev.sigstore.bundle.content"
    public static let predicateTypeAnnotation: JSONString = "dev.sigstore.bundle.predicateType"

    public let envelope: Envelope

    /// - Parameter hint: `PublicKey.hint`; nil when the key is unknown.
    public static func bytes(_ envelope: Envelope, hint: String?) -> [UInt8] {
        var key = JSONObject()
        if let hint { key["hint"] = .string(hint) }
        var material = JSONObject()
        material["publicKey"] = .object(key)
        material["tlogEntries"] = .array([])
        material["timestampVerificationData"] = .object(JSONObject())
        var bundle = JSONObject()
        bundle["mediaType"] = .string(mediaType.rawValue)
        bundle["verificationMaterial"] = .object(material)
        bundle["dsseEnvelope"] = .object(envelope.document)
        return bundle.serialized()
    }

    /// - Throws: `JSONError` when it is not a bundle of this version with an envelope.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        let field = JSONField(try JSON.parse(bytes))
        let type = try field.required("mediaType")
        guard try type.string() == Bundle.mediaType.rawValue else {
            throw type.failure("not '\(Bundle.mediaType)'")
        }
        _ = try field.required("verificationMaterial").object()
        if try field.member("messageSignature") != nil {
            throw .field(
                path: field.path.key("messageSignature"), "where an envelope should be")
        }
        envelope = try Envelope(field.required("dsseEnvelope"))
    }

    /// Checks that one of `keys` signed a statement of `predicateType` about `digest`.
    ///
    /// Only signed data is trusted, not the hint of a key, nor annotations of the manifest around
    /// it.
    ///
    /// - Parameter annotations: the annotations that the statement must have.
    /// - Throws: `Rejection`.
    public static func verify(
        _ bytes: [UInt8], digest: Digest, predicateType: String, annotations: [KeyValue],
        keys: [PublicKey]
    ) throws(Rejection) -> Statement {
        let bundle: Bundle
        do {
            bundle = try Bundle(bytes)
        } catch {
            throw .malformed(error.text)
        }
        let envelope = bundle.envelope
        guard envelope.payloadType == Statement.mediaType else {
            throw .otherType(envelope.payloadType)
        }
        let message = envelope.signedBytes
        guard keys.contains(where: { $0.verifies(envelope.signature, of: message) }) else {
            throw .notByKey
        }
        let statement: Statement
        do {
            statement = try Statement(envelope.payload)
        } catch {
            throw .malformed(error.text)
        }
        guard haveSameBytes(statement.predicateType, predicateType) else {
            throw .otherType(statement.predicateType)
        }
        guard let subject = statement.subject(digest) else {
            throw .otherDigest(statement.subjects.first?.digests.first?.value ?? "")
        }
        for wanted in annotations
        where !subject.annotations.contains(where: {
            haveSameBytes($0.key, wanted.key) && haveSameBytes($0.value, wanted.value)
        }) {
            throw .missingAnnotation(wanted.key)
        }
        return statement
    }
}

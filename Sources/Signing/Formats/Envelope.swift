import JSON
import OCI

/// A DSSE envelope: a typed payload, and signatures of type and payload.
///
/// - Spec: DSSE v1.0, envelope.md and protocol.md.
public struct Envelope: Sendable {
    public let payloadType: String
    public let payload: [UInt8]
    /// Exactly one is written, because readers of bundles accept no more.
    public let signature: [UInt8]

    public init(payloadType: String, payload: [UInt8], signature: [UInt8]) {
        self.payloadType = payloadType
        self.payload = payload
        self.signature = signature
    }

    /// The bytes that are signed: type and payload with their lengths, so that their boundary is
    /// unambiguous.
    ///
    /// - Spec: DSSE v1.0, protocol.md, PAE.
    public static func signedBytes(payloadType: String, payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }

    public var signedBytes: [UInt8] {
        Envelope.signedBytes(payloadType: payloadType, payload: payload)
    }

    /// - Throws: `JSONError` when a part is missing, or when there is not exactly one signature.
    init(_ field: JSONField) throws(JSONError) {
        payloadType = try field.required("payloadType").string()
        payload = try field.required("payload").base64()
        let signatures = try field.required("signatures")
        let elements = try signatures.elements()
        guard elements.count == 1, let first = elements.first else {
            throw signatures.failure("\(elements.count) signatures, not one")
        }
        signature = try first.required("sig").base64()
    }

    var document: JSONObject {
        var signature = JSONObject()
        signature["sig"] = .base64(self.signature)
        var document = JSONObject()
        document["payload"] = .base64(payload)
        document["payloadType"] = .string(payloadType)
        document["signatures"] = .array([.object(signature)])
        return document
    }
}

extension JSON {
    static func base64(_ bytes: [UInt8]) -> JSON {
        .string(JSONString(utf8: Base64.encode(bytes)))
    }
}

/// Whether two texts have the same bytes: `==` treats canonically equivalent text as equal.
package func haveSameBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.elementsEqual(right.utf8)
}

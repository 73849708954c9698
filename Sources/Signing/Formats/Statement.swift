import JSON
import OCI

/// An in-toto statement about a manifest.
///
/// - Spec: in-toto attestation framework v1, statement.md.
public struct Statement: Sendable {
    public static let mediaType = "application/vnd.in-toto+json"
    /// The predicate type of a plain signature by cosign.
    public static let signaturePredicateType = "https://sigstore.dev/cosign/sign/v1"

    private static let types = [
        "https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1",
    ]

    /// The maximum size of a predicate, enough for the SBOM of a large image.
    public static let predicateByteLimit = 16 << 20

    /// What the statement is about.
    public struct Subject: Sendable {
        /// The values of `digest` by the names of their algorithms.
        public let digests: [(key: String, value: String)]
        public let annotations: [(key: String, value: String)]
    }

    public let predicateType: String
    public let subjects: [Subject]
    public let predicate: JSON

    /// A statement about the manifest of `digest`.
    ///
    /// - Parameter annotations: annotations that are signed too.
    public static func bytes(
        about digest: Digest, annotations: [KeyValue], predicateType: String, predicate: JSON
    ) -> [UInt8] {
        var subject = JSONObject()
        subject["digest"] = .digestSet(digest)
        if !annotations.isEmpty {
            var object = JSONObject()
            for annotation in annotations {
                object[JSONString(annotation.key)] = .string(annotation.value)
            }
            subject["annotations"] = .object(object)
        }
        var statement = JSONObject()
        statement["_type"] = .string(types[0])
        statement["subject"] = .array([.object(subject)])
        statement["predicateType"] = .string(predicateType)
        statement["predicate"] = predicate
        return statement.serialized()
    }

    /// Whether a document is a whole statement, and not only a predicate.
    public static func isStatement(_ document: JSON) -> Bool {
        guard let type = document.object?["_type"]?.text else { return false }
        return types.contains { haveSameBytes($0, type) }
    }

    /// - Throws: `JSONError` for a malformed statement.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        let field = JSONField(try JSON.parse(bytes))
        let type = try field.required("_type")
        guard Statement.types.contains(try type.string()) else {
            throw type.failure("not the type of an in-toto statement")
        }
        predicateType = try field.required("predicateType").string()
        predicate = try field.member("predicate")?.value ?? .object(JSONObject())
        var subjects: [Subject] = []
        for subject in try field.required("subject").elements() {
            subjects.append(
                Subject(
                    digests: try subject.required("digest").strings(),
                    annotations: try subject.member("annotations")?.strings() ?? []))
        }
        self.subjects = subjects
    }

    /// The subject with this digest; nil without one.
    ///
    /// A subject that also names another digest by the same algorithm does not count.
    public func subject(_ digest: Digest) -> Subject? {
        subjects.first { subject in
            subject.digests.contains {
                $0.key == digest.algorithm.rawValue && $0.value == digest.encoded
            }
        }
    }
}

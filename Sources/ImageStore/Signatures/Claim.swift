import ByteStream
import JSON
import OCI
import Signing

/// The statement about a manifest that is signed.
public struct Claim: Sendable {
    private enum Content: Sendable {
        case predicate(JSON, annotations: [KeyValue])
        /// A complete statement, signed byte for byte.
        case statement([UInt8])
    }

    public let predicateType: String
    private let content: Content

    /// States only that the manifest is signed, with annotations.
    public init(annotations: [KeyValue] = []) {
        predicateType = Statement.signaturePredicateType
        content = .predicate(.object(JSONObject()), annotations: annotations)
    }

    /// Reads a file: a predicate as JSON, or a whole statement about the manifest.
    ///
    /// - Parameters:
    ///   - predicateType: the type of the predicate; nil means that of the statement.
    ///   - annotations: signed together with a predicate; a statement has its own.
    /// - Throws: `StreamError`; `SigningError.malformedPredicate`, `.predicateType`.
    public init(
        readingFile path: Path, predicateType: PredicateType?, annotations: [KeyValue]
    ) throws {
        let bytes = try InputStream.readFile(path, limit: Statement.predicateByteLimit)
        let document: JSON
        let statement: Statement?
        do throws(JSONError) {
            document = try JSON.parse(bytes)
            statement = Statement.isStatement(document) ? try Statement(bytes) : nil
        } catch {
            throw SigningError.malformedPredicate(subject: path.quoted, error)
        }
        guard let type = predicateType?.uri ?? statement?.predicateType else {
            throw SigningError.predicateType(path, nil)
        }
        self.predicateType = type
        guard let statement else {
            content = .predicate(document, annotations: annotations)
            return
        }
        guard haveSameBytes(type, statement.predicateType) else {
            throw SigningError.predicateType(path, statement.predicateType)
        }
        guard annotations.isEmpty else { throw SigningError.annotatedStatement(path) }
        content = .statement(document.serialized())
    }

    /// The payload.
    ///
    /// - Throws: `SigningError.otherSubject` for a statement with another subject.
    func statement(about digest: Digest) throws -> [UInt8] {
        switch content {
        case .predicate(let predicate, let annotations):
            return Statement.bytes(
                about: digest, annotations: annotations, predicateType: predicateType,
                predicate: predicate)
        case .statement(let bytes):
            guard try Statement(bytes).subject(digest) != nil else {
                throw SigningError.otherSubject(digest)
            }
            return bytes
        }
    }
}

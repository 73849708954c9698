import ByteStream
import JSON
import OCI
import Signing

/// What is signed of a manifest.
public struct Claim: Sendable {
    private enum Content: Sendable {
        case predicate(JSON, annotations: [KeyValue])
        /// A statement that somebody else made, byte by byte.
        case statement([UInt8])
    }

    public let predicateType: String
    private let content: Content

    /// That it is signed, and no more.
    public init(annotations: [KeyValue] = []) {
        predicateType = Statement.signaturePredicateType
        content = .predicate(.object(JSONObject()), annotations: annotations)
    }

    /// What a file says: a predicate as JSON, or a whole statement about the manifest.
    ///
    /// - Parameters:
    ///   - predicateType: of the predicate; nil is what the statement says.
    ///   - annotations: are signed with a predicate; a statement has its own.
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
    /// - Throws: `SigningError.otherSubject` for a statement about something else.
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

import ByteStream
import JSON
import OCI

/// Why something could not be signed, or a signature is not valid.
public enum SigningError: Failure {
    /// A file is not a usable key; `problem` says why, without any of its content.
    case unusableKey(Path, problem: String)
    /// The key is encrypted, and no password was given.
    case passwordNeeded(Path)
    case wrongPassword(Path)
    /// The sign command failed, or wrote no signature.
    case command(problem: String)
    /// A call of libcrypto failed unexpectedly.
    case library(call: String)
    /// A new signature cannot be verified with the given public key.
    case otherKey(Path)
    /// The predicate is not JSON, or exceeds the size limit.
    case malformedPredicate(subject: String, JSONError)
    /// The type of a predicate is missing, or differs from that of the statement in the file.
    case predicateType(Path, String?)
    /// Annotations cannot be added to a statement in a file.
    case annotatedStatement(Path)
    /// The statement to sign has other subjects.
    case otherSubject(Digest)
    /// A format does not support this digest's algorithm.
    case unsupportedDigest(Digest, format: String)

    public var exitStatus: ExitStatus {
        switch self {
        case .unusableKey, .malformedPredicate, .otherKey, .otherSubject: .dataError
        case .passwordNeeded, .wrongPassword: .configuration
        case .command: .unavailable
        case .library: .systemError
        case .unsupportedDigest, .predicateType, .annotatedStatement: .usage
        }
    }

    public var message: String {
        switch self {
        case .unusableKey(let path, let problem): "unusable key \(path.quoted): \(problem)"
        case .passwordNeeded(let path):
            "the key \(path.quoted) is encrypted; give its password with --password-file, or in "
                + "COSIGN_PASSWORD"
        case .wrongPassword(let path): "wrong password of the key \(path.quoted)"
        case .command(let problem): "the sign command failed: \(problem)"
        case .library(let call): "libcrypto failed in \(call)"
        case .otherKey(let path): "the signature is not by the key \(path.quoted)"
        case .malformedPredicate(let subject, let error): "malformed \(subject): \(error.text)"
        case .predicateType(let path, nil):
            "--type is missing: \(path.quoted) is a predicate, not a whole statement"
        case .predicateType(let path, let type?):
            "the statement in \(path.quoted) is of another type: \(quote(type))"
        case .annotatedStatement(let path):
            "\(path.quoted) is a whole statement, to which --annotation adds nothing"
        case .otherSubject(let digest): "the statement is not about '\(digest)'"
        case .unsupportedDigest(let digest, let format):
            "\(format) has no form for the digest '\(digest)'"
        }
    }
}

/// Why a signature is not accepted.
public enum Rejection: Error, Hashable, Sendable {
    case malformed(String)
    /// The document or statement does not have the requested type.
    case otherType(String)
    /// The bytes are not signed by the key.
    case notByKey
    /// It is for another manifest.
    case otherDigest(String)
    /// It names another repository or tag.
    case otherIdentity(String)
    /// The signed document lacks a required annotation.
    case missingAnnotation(String)

    /// The text for messages.
    public var text: String {
        switch self {
        case .malformed(let problem): "malformed: \(problem)"
        case .otherType(let type): "of the type \(quote(type))"
        case .notByKey: "not by this key"
        case .otherDigest(let digest): "about another manifest: \(quote(digest))"
        case .otherIdentity(let name): "about another name: \(quote(name))"
        case .missingAnnotation(let key): "without the signed annotation \(quote(key))"
        }
    }
}

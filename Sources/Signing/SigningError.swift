import ByteStream
import JSON
import OCI

/// Why something could not be signed, or a signature is not valid.
public enum SigningError: Failure {
    /// A file is not a key that can be used; `problem` says why, and nothing of its content.
    case unusableKey(Path, problem: String)
    /// The key is encrypted, and no password was given.
    case passwordNeeded(Path)
    case wrongPassword(Path)
    /// The program that signs ended badly, or wrote no signature.
    case command(problem: String)
    /// libcrypto does not do what every build of it does.
    case library(call: String)
    /// A signature that was just made is not one by the key that is to verify it.
    case otherKey(Path)
    /// The predicate is no JSON document of a size that is allowed.
    case malformedPredicate(subject: String, JSONError)
    /// The type of a predicate is not said, or is not that of the statement in the file.
    case predicateType(Path, String?)
    /// A statement in a file is not to be changed.
    case annotatedStatement(Path)
    /// A statement that is to be signed is about other manifests.
    case otherSubject(Digest)
    /// A format has no form for this digest.
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

/// Why a signature that was found is not taken.
public enum Rejection: Error, Hashable, Sendable {
    case malformed(String)
    /// Another kind of document or statement than the one asked for.
    case otherType(String)
    /// The bytes are not signed by the key.
    case notByKey
    /// It is about another manifest.
    case otherDigest(String)
    /// It names another repository or tag.
    case otherIdentity(String)
    /// What is signed does not have the annotation that is asked for.
    case missingAnnotation(String)

    /// As it stands in a message.
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

import ByteStream
import OCI

/// A response of refusal, in a form that can be shown: it contains no secret.
public struct RegistryAnswer: Sendable, Hashable {
    public let method: String
    /// The URL without user information and without query values that could be secret.
    public let url: String
    public let status: Int
    /// `CODE: message` of the registry, or the beginning of its body; nil for an empty body.
    public let reason: String?

    var text: String {
        "\(method) \(quote(url)): status \(status)"
            + (reason.map { ", " + ($0.hasSuffix(".") ? String($0.dropLast()) : $0) } ?? "")
    }
}

/// Why a request to a registry failed.
public enum RegistryError: Failure {
    /// 401, 403, or a token server's 400: credentials are missing, wrong, or insufficient. The host
    /// is nil for a login.
    case denied(RegistryAnswer, host: String?)
    /// Any other refusal.
    case refused(RegistryAnswer)
    /// The registry does not support deletion, or it is switched off.
    case deletionRefused(RegistryAnswer, host: String)
    /// A temporary failure that occurred in every retry.
    case exhausted(RegistryAnswer)
    /// The repository does not have the blob.
    case noBlob(repository: String, digest: Digest)
    case unreachable(url: String, detail: String)
    case timedOut(url: String, detail: String)
    case connectionBroke(url: String, detail: String)
    case tls(url: String, detail: String)
    /// The response violates the protocol.
    case violation(url: String, problem: String)
    case manifestTooLarge(repository: String, byteCount: Int)
    /// A document to be stored as a manifest does not have the media type of a manifest.
    case notAManifest(repository: String, mediaType: String)
    /// A manifest without a stated digest is not JSON, so it may be a part of one.
    case malformedManifest(repository: String, reference: String, problem: String)
    /// Docker's schema 1.
    case obsoleteManifest(repository: String, reference: String)
    /// An upload broke, and bytes that the registry lacks are no longer available.
    case uploadLost(repository: String, detail: String)
    /// A resume file is for another upload or other bytes.
    case resumeFile(Path, problem: String)
    /// Another process uses the resume file.
    case resumeFileInUse(Path)
    case noCredentials(registry: String)
    case credentialFile(Path, problem: String)
    case credentialHelper(name: String, problem: String)
    case setting(problem: String)
    /// A user or registry of the caller that there cannot be.
    case usage(problem: String)
    case stream(StreamError)
    /// A signal arrived.
    case interrupted

    public var exitStatus: ExitStatus {
        switch self {
        case .denied, .noCredentials: .denied
        case .refused, .deletionRefused, .noBlob, .unreachable, .tls: .unavailable
        case .exhausted, .timedOut, .connectionBroke, .uploadLost, .resumeFileInUse: .temporary
        case .violation: .protocolError
        case .manifestTooLarge, .notAManifest, .malformedManifest, .obsoleteManifest, .resumeFile:
            .dataError
        case .credentialFile, .credentialHelper, .setting: .configuration
        case .usage: .usage
        case .stream(let error): error.exitStatus
        case .interrupted: .temporary
        }
    }

    public var message: String {
        switch self {
        case .denied(let answer, let host):
            // Token servers answer unknown credentials with 400.
            answer.status == 403
                ? "denied: \(answer.text)"
                : "unauthorized: \(answer.text); "
                    + (host.map { "run: ocinoco login \($0)" } ?? "user or password is wrong")
        case .refused(let answer): "refused: \(answer.text)"
        case .deletionRefused(let answer, let host):
            "deletion is switched off in the registry \(quote(host)), or done by other means there: "
                + answer.text
        case .exhausted(let answer): "still failing after all retries: \(answer.text)"
        case .noBlob(let repository, let digest):
            "no such blob in \(quote(repository)): \(digest)"
        case .unreachable(let url, let detail): "cannot reach \(quote(url)): \(detail)"
        case .timedOut(let url, let detail): "timed out on \(quote(url)): \(detail)"
        case .connectionBroke(let url, let detail):
            "the connection broke on \(quote(url)): \(detail)"
        case .tls(let url, let detail):
            "no secure connection to \(quote(url)): \(detail)\(RegistryError.advice(on: detail))"
        case .violation(let url, let problem): "unusable answer of \(quote(url)): \(problem)"
        case .manifestTooLarge(let repository, let byteCount):
            "manifest too large for \(quote(repository)): \(byteCount) bytes, where registries"
                + " take at most \(DocumentLimit.manifestByteCount)"
        case .notAManifest(let repository, let mediaType):
            "not the media type of a manifest for \(quote(repository)): \(quote(mediaType))"
        case .malformedManifest(let repository, let reference, let problem):
            "malformed manifest in \(quote(repository)) for \(quote(reference)): \(problem)"
        case .obsoleteManifest(let repository, let reference):
            "obsolete manifest (schema 1) in \(quote(repository)) for \(quote(reference)):"
                + " push the image again with a newer tool"
        case .uploadLost(let repository, let detail):
            "upload to \(quote(repository)) broke and cannot be repaired: \(detail)"
        case .resumeFile(let path, let problem):
            "unusable resume file \(path.quoted): \(problem)"
        case .resumeFileInUse(let path):
            "the resume file \(path.quoted) is in use by another process"
        case .noCredentials(let registry):
            "no credentials of \(quote(registry)); run: ocinoco login \(registry)"
        case .credentialFile(let path, let problem):
            "unusable credentials file \(path.quoted): \(problem)"
        case .credentialHelper(let name, let problem):
            "credential helper \(quote(name)) failed: \(problem)"
        case .setting(let problem): problem + RegistryError.advice(on: problem)
        case .usage(let problem): problem
        case .stream(let error): error.message
        case .interrupted: "interrupted"
        }
    }

    /// Advice for common errors of libcurl.
    private static func advice(on detail: String) -> String {
        if detail.contains("certificate problem") { return "; --ca-file names one to trust" }
        if detail.contains("set private key file") {
            return "; it must be the certificate's, and not encrypted"
        }
        if detail.contains("alert"), detail.contains("certificate") {
            return "; --cert and --key name the client's certificate"
        }
        return detail.contains("wrong version number") ? "; --plain-http is for plain HTTP" : ""
    }

    /// - Parameter url: the redacted URL.
    init(_ failure: TransportFailure, url: String) {
        switch failure {
        case .unreachable(let detail, _): self = .unreachable(url: url, detail: detail)
        case .broken(let detail): self = .connectionBroke(url: url, detail: detail)
        case .timedOut(let detail): self = .timedOut(url: url, detail: detail)
        case .tls(let detail): self = .tls(url: url, detail: detail)
        case .settings(let detail): self = .setting(problem: detail)
        case .lengthRequired:
            self = .violation(url: url, problem: "HTTP/1.0, which takes no body of unknown length")
        case .violation(let problem): self = .violation(url: url, problem: problem)
        case .interrupted: self = .interrupted
        }
    }
}

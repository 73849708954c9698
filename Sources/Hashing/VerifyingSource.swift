import ByteStream
import OCI

/// A mismatch of digest or size.
public enum VerificationError: Failure, Hashable {
    case digest(subject: String, expected: Digest, actual: Digest)
    case size(subject: String, expected: Int64, actual: Int64)
    /// More bytes than the descriptor states; reading stopped there.
    case tooLong(subject: String, expected: Int64)

    public var exitStatus: ExitStatus {
        switch self {
        case .digest, .size, .tooLong: .dataError
        }
    }

    public var message: String {
        switch self {
        case .digest(let subject, let expected, let actual):
            "digest mismatch for \(quote(subject)): expected \(expected), got \(actual)"
        case .size(let subject, let expected, let actual):
            "size mismatch for \(quote(subject)): expected \(expected) bytes, got \(actual)"
        case .tooLong(let subject, let expected):
            "size mismatch for \(quote(subject)): expected \(expected) bytes, got more"
        }
    }
}

/// Verifies bytes against a digest and a size as they pass.
///
/// The bytes are passed on before they are verified: their consumer must not act on the end before
/// `finish()` has returned.
public final class Verifier {
    private let subject: String
    private let expectedDigest: Digest
    private let expectedSize: Int64?
    private let digest: StreamingDigest

    /// - Parameter subject: the name of the bytes in messages.
    public init(digest: Digest, size: Int64?, subject: String) {
        self.subject = subject
        expectedDigest = digest
        expectedSize = size
        self.digest = StreamingDigest(digest.algorithm)
    }

    public convenience init(_ descriptor: Descriptor) {
        self.init(
            digest: descriptor.digest, size: descriptor.size,
            subject: descriptor.digest.description)
    }

    /// - Throws: `VerificationError.tooLong` as soon as there are too many bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(VerificationError) {
        digest.update(bytes)
        if let expectedSize, digest.byteCount > expectedSize {
            throw .tooLong(subject: subject, expected: expectedSize)
        }
    }

    /// - Throws: `VerificationError.size` or `.digest`.
    public func finish() throws(VerificationError) {
        if let expectedSize, digest.byteCount != expectedSize {
            throw .size(subject: subject, expected: expectedSize, actual: digest.byteCount)
        }
        let actual = digest.finalize()
        if actual != expectedDigest {
            throw .digest(subject: subject, expected: expectedDigest, actual: actual)
        }
    }
}

/// A source that verifies another: its end is reached only after the bytes were verified.
public final class VerifyingSource: ByteSource {
    private let source: any ByteSource
    private let verifier: Verifier

    public init(_ source: any ByteSource, _ verifier: Verifier) {
        self.source = source
        self.verifier = verifier
    }

    /// - Throws: what the source throws, and `VerificationError`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        if count == 0 {
            try verifier.finish()
        } else {
            try verifier.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return count
    }
}

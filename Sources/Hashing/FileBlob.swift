import ByteStream
import Glibc
import OCI

/// A regular file whose digest and size are known: checked as it is read, and read again when asked.
public final class FileBlob: BlobSource {
    public let identity: BlobIdentity
    private let path: Path
    private let descriptor: FileDescriptor
    private var source: VerifyingSource

    /// - Throws: `StreamError.open`.
    public init(_ path: Path, identity: BlobIdentity) throws(StreamError) {
        self.path = path
        self.identity = identity
        do {
            descriptor = try FileDescriptor.openForReading(path)
        } catch {
            throw .open(path: path, error)
        }
        source = FileBlob.source(descriptor, path, identity)
    }

    deinit {
        _ = Glibc.close(descriptor.rawValue)
    }

    public var announced: BlobIdentity? { identity }

    /// - Throws: `StreamError.read`; `VerificationError`, at the latest where the file ends.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try source.read(into: buffer)
    }

    public func rewind() throws(StreamError) -> Bool {
        guard lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else {
            throw .read(path: path, Errno.current)
        }
        source = FileBlob.source(descriptor, path, identity)
        return true
    }

    private static func source(
        _ descriptor: FileDescriptor, _ path: Path, _ identity: BlobIdentity
    ) -> VerifyingSource {
        VerifyingSource(
            InputStream(descriptor, path: path),
            Verifier(
                digest: identity.digest, size: identity.size, subject: path.description))
    }
}

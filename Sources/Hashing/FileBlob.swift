import ByteStream
import Glibc
import OCI

/// A regular file with known digest and size. It is verified while it is read, and can be read
/// again.
public final class FileBlob: BlobSource {
    public let identity: BlobIdentity
    private let path: Path
    private let descriptor: FileDescriptor
    /// Keeps the file open that this object has opened.
    private let file: OwnedDescriptor?
    /// The offset of the blob in the file.
    private let start: Int64
    private var source: VerifyingSource

    /// - Throws: `StreamError.open`.
    public convenience init(_ path: Path, identity: BlobIdentity) throws(StreamError) {
        let file = try RegularFile.open(path)
        self.init(file.descriptor, start: 0, path: path, identity: identity, file: file)
    }

    /// - Parameters:
    ///   - descriptor: an open file, not owned, whose offset is `start`.
    ///   - path: its name in messages.
    public convenience init(
        _ descriptor: FileDescriptor, start: Int64, path: Path, identity: BlobIdentity
    ) {
        self.init(descriptor, start: start, path: path, identity: identity, file: nil)
    }

    private init(
        _ descriptor: FileDescriptor, start: Int64, path: Path, identity: BlobIdentity,
        file: OwnedDescriptor?
    ) {
        self.path = path
        self.identity = identity
        self.descriptor = descriptor
        self.start = start
        self.file = file
        source = FileBlob.source(descriptor, path, identity)
    }

    public var announced: BlobIdentity? { identity }
    public var canRewind: Bool { true }

    /// - Throws: `StreamError.read`; `VerificationError`, at the latest at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try source.read(into: buffer)
    }

    public func rewind() throws(StreamError) -> Bool {
        guard lseek(descriptor.rawValue, off_t(start), SEEK_SET) == start else {
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

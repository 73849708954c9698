import ByteStream
import Glibc
import Hashing
import JSON
import OCI

extension LayoutRepository {
    /// The path of a blob, whether it exists or not.
    public func blobPath(_ digest: Digest) -> Path {
        blobDirectory(digest.algorithm).appending(Path(digest.encoded))
    }

    /// The directory of all blobs.
    var blobs: Path { directory.appending("blobs") }

    func blobDirectory(_ algorithm: Digest.Algorithm) -> Path {
        blobs.appending(Path(algorithm.rawValue))
    }

    /// Whether a blob's file exists; its bytes are verified when they are read.
    ///
    /// - Throws: `StreamError.open` when that cannot be determined.
    public func hasBlob(_ digest: Digest) throws(StreamError) -> Bool {
        try blobSize(digest) != nil
    }

    /// The size of a blob's file; nil when there is none.
    public func blobSize(_ digest: Digest) throws(StreamError) -> Int64? {
        let path = blobPath(digest)
        do {
            let status = try path.status()
            return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
        } catch {
            if error == .noEntry || error == .notDirectory { return nil }
            throw .open(path: path, error)
        }
    }

    /// Streams a blob into `sink` and verifies it; the last bytes are verified only when this
    /// returns.
    ///
    /// - Throws: `LayoutError.noSuchBlob`, `StreamError`, `VerificationError`, what `sink` throws.
    public func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        try drain(openBlob(descriptor), to: sink)
    }

    /// Writes part of a blob into `sink`. Only the number of bytes is checked; the caller verifies
    /// their digest.
    ///
    /// - Parameter range: in bytes of the blob.
    /// - Returns: false for a symbolic link, which may lead to any file of the user: such a blob is
    ///   only read whole and verified. Then nothing was written into the sink.
    /// - Throws: `LayoutError.noSuchBlob`, `StreamError`, `VerificationError.size`, what `sink` throws.
    public func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, into sink: any ByteSink
    ) throws -> Bool {
        let path = blobPath(descriptor.digest)
        guard let size = try blobSize(descriptor.digest) else {
            throw openError ?? LayoutError.noSuchBlob(path: directory, descriptor.digest)
        }
        guard isRegularFile(path) else { return false }
        guard size == descriptor.size else {
            throw VerificationError.size(
                subject: path.description, expected: descriptor.size, actual: size)
        }
        try RegularFile.read(path, range, into: sink)
        return true
    }

    private func isRegularFile(_ path: Path) -> Bool {
        path.fileType(followingLink: false) == S_IFREG
    }

    /// A blob of the layout as a source, which can be read again.
    ///
    /// A symbolic link may lead to any file of the user, so its target is verified as a whole
    /// before the first byte is returned.
    ///
    /// - Throws: `LayoutError.noSuchBlob`, `StreamError.open`, `VerificationError`.
    public func openBlob(_ descriptor: Descriptor) throws -> FileBlob {
        guard try hasBlob(descriptor.digest) else {
            throw openError ?? LayoutError.noSuchBlob(path: directory, descriptor.digest)
        }
        let path = blobPath(descriptor.digest)
        let blob = try FileBlob(
            path, identity: BlobIdentity(digest: descriptor.digest, size: descriptor.size))
        if !isRegularFile(path) {
            try drain(blob)
            _ = try blob.rewind()
        }
        return blob
    }

    /// Stores a blob under its computed digest.
    ///
    /// An existing blob stays, unless it is known to be damaged: its size is compared, and its bytes
    /// are verified when those of `source` are at hand. When only the identity of `source` is known,
    /// `source` is not read.
    ///
    /// - Throws: what `source` throws, `StreamError`, `LayoutError`; then no file is left.
    public func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String] = []
    ) throws -> BlobIdentity {
        try createLayout()
        if let announced = source.announced,
            try source.isInMemory ? holds(announced) : blobSize(announced.digest) == announced.size
        {
            touch(announced.digest)
            return announced
        }
        let algorithm = source.announced?.digest.algorithm ?? .sha256
        let blobs = blobDirectory(algorithm)
        try create(blobs)
        let file = try AtomicFile(blobs.appending("blob"))
        try drain(source, to: file)
        let identity = source.identity
        if try holds(identity) {
            touch(identity.digest)
        } else {
            try create(blobDirectory(identity.digest.algorithm))
            try file.commit(as: blobPath(identity.digest))
        }
        return identity
    }

    /// Whether a blob exists and is undamaged.
    private func holds(_ identity: BlobIdentity) throws -> Bool {
        guard try blobSize(identity.digest) == identity.size else { return false }
        do {
            try drain(FileBlob(blobPath(identity.digest), identity: identity))
            return true
        } catch is VerificationError {
            return false
        }
    }

    /// Links a blob of another layout on the same file system, without copying its bytes.
    ///
    /// The bytes are read once and verified. The blob must have the same permissions as this
    /// layout, because both then share the file.
    ///
    /// - Returns: false when the bytes must be copied.
    /// - Throws: `LayoutError.noSuchBlob`, `VerificationError`, `StreamError`.
    public func linkBlob(_ descriptor: Descriptor, from other: LayoutRepository) throws -> Bool {
        try createLayout()
        switch try blobSize(descriptor.digest) {
        case descriptor.size:
            touch(descriptor.digest)
            return true
        case nil: break
        default: return false
        }
        try create(blobDirectory(descriptor.digest.algorithm))
        guard readers(of: other.blobPath(descriptor.digest)) == readers(of: layoutFilePath) else {
            return false
        }
        try drain(other.openBlob(descriptor))
        let target = blobPath(descriptor.digest)
        let result = other.blobPath(descriptor.digest).withCString { from in
            target.withCString { linkat(AT_FDCWD, from, AT_FDCWD, $0, AT_SYMLINK_FOLLOW) }
        }
        guard result == 0 || Errno.current == .exists else { return false }
        do {
            try Directory.synchronize(target.directory)
        } catch {
            throw StreamError.write(path: target, error)
        }
        return true
    }

    /// Updates the time of a blob that was found to exist, so that garbage collection does not
    /// remove it before it is listed.
    private func touch(_ digest: Digest) {
        // Without permission the blob belongs to another user, whose garbage collection decides.
        _ = blobPath(digest).withCString { utimensat(AT_FDCWD, $0, nil, 0) }
    }

    /// Owner and mode of a file; nil when they are unknown.
    private func readers(of path: Path) -> [UInt32]? {
        guard let status = try? path.status() else { return nil }
        return [status.st_uid, status.st_gid, status.st_mode & 0o777]
    }
}

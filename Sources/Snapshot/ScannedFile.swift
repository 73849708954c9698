import ByteStream
import Glibc
import Hashing
import Tar

/// One path of a scanned tree. Valid only during the call that passes it.
struct ScannedFile {
    /// The directory itself, or the one that `name` is in.
    let directory: OpenDirectory
    /// nil for the directory itself.
    let name: UnsafePointer<CChar>?
    /// Relative to the tree, without a trailing slash.
    let path: Slice<UnsafeRawBufferPointer>

    private static let encoder: EntryEncoder = {
        var policy = EntryPolicy()
        policy.keepsExtendedAttributes = true
        return EntryEncoder(policy: policy)
    }()

    /// Its name in messages.
    var filePath: Path {
        guard let name else { return directory.path }
        return directory.path.appending(Path(cString: name))
    }

    /// The attributes from one fstatat(2), with the identity of the file.
    ///
    /// - Returns: nil for a socket.
    func status() throws(TarError) -> (entry: SnapshotEntry, identity: FileIdentity)? {
        let status = try kernelStatus()
        return SnapshotEntry(status).map { ($0, FileIdentity(status)) }
    }

    /// fstatat(2) without following a symbolic link.
    func kernelStatus() throws(TarError) -> stat {
        guard let name else { return try directory.status() }
        return try OpenDirectory.status(name, in: directory)
    }

    func linkTarget() throws(TarError) -> [UInt8] {
        guard let name else { return [] }
        return try directory.linkTarget(of: name)
    }

    /// The attributes that a layer keeps.
    func extendedAttributes() throws(TarError) -> [TarEntry.ExtendedAttribute] {
        guard let name else {
            return try ScannedFile.encoder.extendedAttributes(
                of: directory.descriptor, path: directory.path)
        }
        return try ScannedFile.encoder.linkAttributes(name, in: directory, path: filePath)
    }

    /// Reads a regular file: its attributes at the time of reading, and the digest of its content.
    ///
    /// - Parameter algorithm: the algorithm of the digest; nil for SHA-256.
    /// - Throws: `TarError`; `.changed` and `.modified` when it changed while it was read.
    func read(_ algorithm: FileDigest.Algorithm? = nil) throws(TarError) -> SnapshotEntry {
        guard let name else { throw .modified(path: directory.path) }
        let file = try OpenFile(name, in: directory)
        guard var entry = SnapshotEntry(file.status) else { throw .modified(path: file.path) }
        entry.extendedAttributes = try ScannedFile.encoder.extendedAttributes(
            of: file.descriptor, path: file.path)
        if let algorithm {
            let digest: FileDigest.Computation
            do {
                digest = try FileDigest.Computation(algorithm)
            } catch {
                preconditionFailure("libcrypto does not provide \(algorithm) any more")
            }
            try readContent(of: file) { digest.update($0) }
            entry.otherContents = [digest.finalize()]
        } else {
            let digest = StreamingDigest()
            try readContent(of: file) { digest.update($0) }
            entry.content = digest.finalizeBytes().withUnsafeBytes { ContentDigest(bytes: $0) }
        }
        return entry
    }

    private func readContent(
        of file: OpenFile, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(TarError) {
        var byteCount: UInt64 = 0
        let size = UInt64(file.status.st_size)
        // Request one byte more than the file's size: if it arrives, the file grew.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(size + 1, 256 << 10)), alignment: 4096)
        defer { buffer.deallocate() }
        while byteCount <= size {
            let count: Int
            do {
                count = try retryingInterrupts {
                    Glibc.read(file.descriptor, buffer.baseAddress, buffer.count)
                }
            } catch {
                throw .read(path: file.path, error)
            }
            if count == 0 { break }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            byteCount += UInt64(count)
        }
        guard byteCount == size else {
            throw .changed(path: file.path, expected: size, isLonger: byteCount > size)
        }
        try file.checkUnchanged()
    }
}

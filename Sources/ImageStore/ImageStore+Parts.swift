import ByteStream
import Hashing
import OCI
import Registry

extension ImageStore {
    /// Writes part of a blob into `sink`, from the first place that has the blob. Only the number
    /// of bytes is checked.
    ///
    /// - Parameters:
    ///   - range: in bytes of the blob, not empty.
    ///   - subject: the name of the part in messages.
    /// - Returns: false when the place serves only the whole blob; then nothing was written into
    ///   the sink.
    /// - Throws: `StoreError.missing`, and what the place and the sink throw.
    public func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, subject: String, in sources: [Reference],
        into sink: any ByteSink
    ) throws -> Bool {
        let absence: Absence = { [self] in missing(subject, descriptor.digest, in: sources) }
        let repository = try place(of: descriptor, in: sources, absence)
        do {
            guard try repository.readBlob(descriptor, range, into: sink) else {
                trace("\(quote(repository.name)) gives \(descriptor.digest) only whole")
                return false
            }
            trace("\(subject) is read from \(quote(repository.name)): \(range.count) bytes")
            return true
        } catch let error as RegistryError {
            if case .noBlob = error { throw absence() }
            throw error
        }
    }

    /// A whole blob as a source, for a caller who verifies its content. Its end proves only the
    /// number of its bytes.
    ///
    /// - Throws: as it is read, what `readBlob` and the place throw.
    public func openUnverifiedBlob(
        _ descriptor: Descriptor, subject: String, in sources: [Reference]
    ) throws -> any ByteSource {
        let whole = 0..<descriptor.size
        if whole.isEmpty { return try openBlob(descriptor, subject: subject, in: sources) }
        return PipedBlob(BlobIdentity(digest: descriptor.digest, size: descriptor.size)) { sink in
            if try self.readBlob(descriptor, whole, subject: subject, in: sources, into: sink) {
                return
            }
            let absence: Absence = { [self] in missing(subject, descriptor.digest, in: sources) }
            try self.place(of: descriptor, in: sources, absence).readBlob(descriptor, into: sink)
        }
    }

    /// Part of a blob as a source. Its end proves only the number of its bytes.
    ///
    /// - Throws: as it is read, what `readBlob` throws, and `StoreError.partRefused`.
    public func openBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, subject: String, in sources: [Reference]
    ) -> any ByteSource {
        PipedBlob(BlobIdentity(digest: descriptor.digest, size: Int64(range.count))) { sink in
            guard
                try self.readBlob(descriptor, range, subject: subject, in: sources, into: sink)
            else {
                throw StoreError.partRefused(
                    descriptor.digest, place: sources.first?.place.description ?? "")
            }
        }
    }
}

import ByteStream
import Hashing
import OCI

extension ImageStore {
    /// Streams blobs into `sink`, one after the other, and verifies each; the last bytes of a blob
    /// are verified only when the next one begins.
    ///
    /// While one blob of a registry is written, the next are fetched: `concurrencyLimit` at a time,
    /// with `PipedBlob.byteLimit` bytes of each in memory.
    ///
    /// - Throws: what the place throws for the first blob that fails, after all earlier blobs were
    ///   written; what `sink` throws.
    public func readBlobs(
        _ blobs: [Descriptor], of reference: Reference, into sink: any ByteSink
    ) throws {
        let repository = try repository(for: reference)
        guard case .registry = reference, blobs.count > 1 else {
            for blob in blobs { try repository.readBlob(blob, into: sink) }
            return
        }
        var ahead: [PipedBlob] = []
        for (offset, blob) in blobs.enumerated() {
            let next = offset + ahead.count
            for later in blobs[next..<min(offset + concurrencyLimit, blobs.count)] {
                ahead.append(try begin(later, in: repository))
            }
            trace("reading '\(blob.digest)', \(offset + 1) of \(blobs.count)")
            try drain(ahead.removeFirst(), to: sink)
        }
    }

    private func begin(
        _ blob: Descriptor, in repository: any Repository
    ) throws -> PipedBlob {
        let piped = PipedBlob(BlobIdentity(digest: blob.digest, size: blob.size)) { sink in
            try repository.readBlob(blob, into: sink)
        }
        try piped.begin()
        return piped
    }
}

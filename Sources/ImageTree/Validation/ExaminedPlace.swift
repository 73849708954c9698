import ByteStream
import Hashing
import ImageStore
import OCI

/// Where the documents and blobs of images are that are checked.
protocol ExaminedPlace: Sendable {
    /// - Returns: nil when there is no such manifest.
    func manifest(_ digest: Digest) throws -> RawManifest?

    /// - Returns: nil when there is no such blob.
    func blobSize(_ digest: Digest) throws -> Int64?

    /// Streams a blob into `sink`, checked.
    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws

    /// The entries of a layer that has the size, the digest, the type and the diffID that it should.
    func listing(of layer: Descriptor, diffID: Digest, path: String) throws -> LayerListing
}

/// A registry's repository, or a layout.
struct ExaminedRepository: ExaminedPlace {
    let store: ImageStore
    let repository: any Repository

    func manifest(_ digest: Digest) throws -> RawManifest? {
        try repository.manifest(.digest(digest))
    }

    func blobSize(_ digest: Digest) throws -> Int64? { try repository.blobSize(digest) }

    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        try repository.readBlob(descriptor, into: sink)
    }

    func listing(of layer: Descriptor, diffID: Digest, path: String) throws -> LayerListing {
        let blob = try store.openBlob(layer, subject: path, in: repository)
        return try LayerScan(
            layer: layer, diffID: diffID, hashesContent: false, checksType: true
        ).listing(blob)
    }
}

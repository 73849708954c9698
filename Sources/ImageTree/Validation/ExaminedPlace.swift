import ByteStream
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

import ByteStream
import ImageStore
import OCI

/// The source of documents and blobs of images to check.
protocol ExaminedPlace: Sendable {
    /// - Returns: nil when there is no such manifest.
    func manifest(_ digest: Digest) throws -> RawManifest?

    /// - Returns: nil when there is no such blob.
    func blobSize(_ digest: Digest) throws -> Int64?

    /// Streams a blob into `sink` and verifies it.
    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws

    /// The listing of a layer, after its size, digest, type and diffID were verified.
    func listing(of layer: Descriptor, diffID: Digest, path: String) throws -> LayerListing
}

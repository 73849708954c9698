import ByteStream
import Hashing
import ImageLayout
import OCI
import Registry

/// What takes blobs.
public protocol BlobWriter: Sendable {
    /// Stores a blob. When `source` announces what it is and the blob is there, or can be mounted
    /// from one of `repositories`, it is not read.
    func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String]
    ) throws -> BlobIdentity
}

/// A place that has blobs, manifests and tags: a repository of a registry, or an image layout.
///
/// Every method may be called from several threads at once.
public protocol Repository: BlobWriter {
    /// As messages call it: `host/repository` or `oci:DIR`.
    var name: String { get }

    /// - Returns: nil when there is no such manifest. The bytes are checked against a digest.
    func manifest(_ selector: ManifestSelector) throws -> RawManifest?

    /// The digest of a manifest, without its bytes; nil when there is no such manifest.
    func manifestDigest(_ selector: ManifestSelector) throws -> Digest?

    /// The same of one who is about to push, and can do without an answer.
    ///
    /// - Returns: nil also when the place refuses to say.
    func digestBeforePush(_ selector: ManifestSelector) throws -> Digest?

    func hasBlob(_ digest: Digest) throws -> Bool

    /// The same of one who is about to store the blob there; false also when the place refuses to say.
    func hasBlobBeforePush(_ blob: Descriptor) throws -> Bool

    /// Size of a blob in bytes; nil when it does not exist.
    func blobSize(_ digest: Digest) throws -> Int64?

    /// Streams a blob into `sink`, checked; the last bytes are proved only when this returns.
    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws

    /// Writes part of a blob into `sink`, its number of bytes checked and nothing else.
    ///
    /// - Returns: false when the place gives this blob only whole; the sink has got nothing then.
    func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, into sink: any ByteSink
    ) throws -> Bool

    /// Stores a manifest that another refers to, or that has a tag.
    ///
    /// - Returns: the digest of its `subject` when the place lists it as a referrer by itself.
    @discardableResult
    func putManifest(_ manifest: RawManifest, tag: String?) throws -> Digest?

    /// Stores the manifest that a reference stands for; without a tag it is found by its digest.
    ///
    /// - Parameter check: called with what the tag stands for, as late as the place allows; what it
    ///   throws leaves the tag as it is.
    /// - Returns: as `putManifest`.
    @discardableResult
    func publish(
        _ manifest: RawManifest, tag: String?, check: ((Digest?) throws -> Void)?
    ) throws -> Digest?

    func tags() throws -> [String]

    /// Removes a tag, and leaves the other tags of its manifest.
    ///
    /// - Returns: false when there is no such tag.
    func deleteTag(_ tag: String) throws -> Bool

    /// Removes a manifest with all its tags.
    ///
    /// - Returns: false when it is not there by itself.
    func deleteManifest(_ digest: Digest) throws -> Bool

    /// The manifests whose `subject` is `digest`; nil when the place cannot say.
    func referrers(of digest: Digest, artifactType: String?) throws -> Index?
}

extension Repository {
    /// A place that has whole blobs only.
    public func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, into sink: any ByteSink
    ) throws -> Bool { false }

    public func digestBeforePush(_ selector: ManifestSelector) throws -> Digest? {
        try manifestDigest(selector)
    }

    public func hasBlobBeforePush(_ blob: Descriptor) throws -> Bool {
        try hasBlob(blob.digest)
    }
}

extension LayoutRepository: Repository {}

extension RegistryRepository: Repository {}

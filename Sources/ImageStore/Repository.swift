import ByteStream
import Hashing
import ImageLayout
import OCI
import Registry

/// A destination for blobs.
public protocol BlobWriter: Sendable {
    /// Stores a blob. When the identity of `source` is known, and the blob is stored already or can
    /// be mounted from one of `repositories`, `source` is not read.
    func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String]
    ) throws -> BlobIdentity
}

/// A place that has blobs, manifests and tags: a repository of a registry, or an image layout.
///
/// Every method may be called from several threads at once.
public protocol Repository: BlobWriter {
    /// Its name in messages: `host/repository` or `oci:DIR`.
    var name: String { get }

    /// - Returns: nil when there is no such manifest. The bytes are checked against a digest.
    func manifest(_ selector: ManifestSelector) throws -> RawManifest?

    /// The digest of a manifest, without its bytes; nil when there is no such manifest.
    func manifestDigest(_ selector: ManifestSelector) throws -> Digest?

    /// As `manifestDigest`, for a caller who is about to push and does not depend on the answer.
    ///
    /// - Returns: nil also when the place refuses to answer.
    func digestBeforePush(_ selector: ManifestSelector) throws -> Digest?

    func hasBlob(_ digest: Digest) throws -> Bool

    /// Whether the blob exists, for a caller who is about to store it; false also when the place
    /// refuses to answer.
    func hasBlobBeforePush(_ blob: Descriptor) throws -> Bool

    /// Size of a blob in bytes; nil when it does not exist.
    func blobSize(_ digest: Digest) throws -> Int64?

    /// Streams a blob into `sink` and verifies it; the last bytes are verified only when this
    /// returns.
    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws

    /// Writes part of a blob into `sink`; only the number of bytes is checked.
    ///
    /// - Returns: false when the place serves only the whole blob; then nothing was written into
    ///   the sink.
    func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, into sink: any ByteSink
    ) throws -> Bool

    /// Stores a manifest that another refers to, or that has a tag.
    ///
    /// - Returns: the digest of its `subject` when the place lists it as a referrer by itself.
    @discardableResult
    func putManifest(_ manifest: RawManifest, tag: String?) throws -> Digest?

    /// Stores manifests under tags, or without one under their digests. A layout sets all names in
    /// one change, or none; a registry sets one after another.
    ///
    /// - Returns: as `putManifest`, for each.
    func publish(_ publications: [Publication]) throws -> [Digest?]

    func tags() throws -> [String]

    /// Removes tags in their order up to the first that does not exist, and leaves the other tags
    /// of their manifests. A layout removes all in one change.
    ///
    /// - Returns: the number of removed tags.
    func deleteTags(_ tags: [String]) throws -> Int

    /// Removes a manifest with all its tags.
    ///
    /// - Returns: false when there is no such manifest.
    func deleteManifest(_ digest: Digest) throws -> Bool

    /// The manifests whose `subject` is `digest`; nil when the place has no such list.
    func referrers(of digest: Digest, artifactType: String?) throws -> Index?
}

extension Repository {
    /// The default for places that serve only whole blobs.
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

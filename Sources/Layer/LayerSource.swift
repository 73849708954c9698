import ByteStream
import Hashing
import OCI

/// A blob from another source that is checked and hashed as it passes.
///
/// Its end proves that a layer is complete (`LayerInspector`), and that digest and size are the
/// announced ones.
public final class LayerSource: BlobSource {
    private let blob: any BlobSource
    private let path: Path
    private let inspector: LayerInspector
    private var byteCount: Int64 = 0
    /// Computes the diffID of an uncompressed layer, when the blob's digest has another algorithm.
    private let tarDigest: StreamingDigest?
    private let expectedDigest: Digest?
    private let expectedSize: Int64?
    private let isEndProved: Bool
    private var result: Descriptor?

    /// Hashes the bytes of `source`.
    ///
    /// - Parameters:
    ///   - path: the name of the bytes in messages.
    ///   - declared: the media type by the user; nil detects it.
    ///   - verifiesLayer: whether a layer with a trailer is decompressed and checked against it.
    ///   - isEndProved: whether something other than `expectedDigest` proves that the bytes are
    ///     complete.
    ///   - consume: receives the decompressed layer; then only layers are accepted.
    public convenience init(
        _ source: any ByteSource, path: Path = .standardInput, declared: MediaType? = nil,
        algorithm: Digest.Algorithm = .sha256, expectedDigest: Digest? = nil,
        expectedSize: Int64? = nil, verifiesLayer: Bool = false, isEndProved: Bool = false,
        consume: LayerInspector.ContentConsumer? = nil
    ) {
        self.init(
            blob: HashingSource(source, algorithm: expectedDigest?.algorithm ?? algorithm),
            path: path, declared: declared, algorithm: algorithm,
            expectedDigest: expectedDigest, expectedSize: expectedSize,
            verifiesLayer: verifiesLayer, isEndProved: isEndProved, consume: consume)
    }

    /// The same for a blob that has a digest of its own, which is not hashed again.
    ///
    /// - Parameters:
    ///   - algorithm: the algorithm of the blob's digest, when none is expected.
    ///   - hashesContent: whether the digest of the decompressed layer is computed.
    public init(
        blob: any BlobSource, path: Path, declared: MediaType? = nil,
        algorithm: Digest.Algorithm = .sha256, expectedDigest: Digest? = nil,
        expectedSize: Int64? = nil, verifiesLayer: Bool = false, isEndProved: Bool = false,
        hashesContent: Bool = true, consume: LayerInspector.ContentConsumer? = nil
    ) {
        self.blob = blob
        self.path = path
        self.expectedDigest = expectedDigest
        self.expectedSize = expectedSize
        self.isEndProved = isEndProved || expectedDigest != nil
        tarDigest =
            (expectedDigest?.algorithm ?? algorithm) == .sha256 ? nil : StreamingDigest()
        inspector = LayerInspector(
            path: path, declared: declared, verifiesLayer: verifiesLayer,
            isEndProved: self.isEndProved, hashesContent: hashesContent, consume: consume)
    }

    public var announced: BlobIdentity? {
        guard let expectedDigest, let expectedSize else { return nil }
        return BlobIdentity(digest: expectedDigest, size: expectedSize)
    }

    /// The descriptor of the bytes, with annotations for the diffID of a layer and the table of a
    /// zstd:chunked layer. Valid only after the end.
    public var descriptor: Descriptor {
        guard let result else { preconditionFailure("the source has not ended") }
        return result
    }

    public var identity: BlobIdentity {
        BlobIdentity(digest: descriptor.digest, size: descriptor.size)
    }

    public func rewind() -> Bool { false }

    /// - Throws: `LayerError`, and what the source throws.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try blob.read(into: buffer)
        if count == 0 {
            if result == nil { result = try finish() }
            return 0
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        byteCount += Int64(count)
        tarDigest?.update(bytes)
        if let expectedSize, byteCount > expectedSize {
            throw LayerError.size(path: path, expected: expectedSize, actual: byteCount)
        }
        try inspector.update(bytes)
        return count
    }

    private func finish() throws(LayerError) -> Descriptor {
        if let expectedSize, byteCount != expectedSize {
            throw .size(path: path, expected: expectedSize, actual: byteCount)
        }
        let actual = blob.identity.digest
        if let expectedDigest, expectedDigest != actual {
            throw .digest(path: path, expected: expectedDigest, actual: actual)
        }
        // A failed stage leaves empty input, so it is refused unless it was announced.
        if byteCount == 0, expectedSize == nil, !isEndProved { throw .empty(path: path) }
        let layer = try inspector.finish()
        var descriptor = Descriptor(mediaType: layer.mediaType, digest: actual, size: byteCount)
        descriptor[annotation: Annotation.uncompressed] =
            switch layer.content {
            case .opaque: nil
            case .same: (tarDigest?.finalize() ?? actual).description
            case .tar(let diffID): diffID?.description
            }
        layer.table?.annotate(&descriptor)
        return descriptor
    }
}

import ByteStream
import Hashing
import OCI

/// A blob that is read from elsewhere, checked to be whole and hashed as it passes.
///
/// Its end is proof: of a layer, that it is complete (`LayerInspector`); of anything, that digest
/// and size are those that were announced.
public final class LayerSource: BlobSource {
    private let blob: any BlobSource
    private let path: Path
    private let inspector: LayerInspector
    private var byteCount: Int64 = 0
    /// The diffID of an uncompressed layer, when the blob's digest is of another algorithm.
    private let tarDigest: StreamingDigest?
    private let expectedDigest: Digest?
    private let expectedSize: Int64?
    private let isEndProved: Bool
    private var result: Descriptor?

    /// Hashes the bytes of `source`.
    ///
    /// - Parameters:
    ///   - path: what messages call the bytes.
    ///   - declared: what the user says the bytes are; nil leaves it to the bytes.
    ///   - verifiesLayer: whether a layer with a trailer is decompressed and checked against it.
    ///   - isEndProved: whether something else than `expectedDigest` proves the bytes to be whole.
    ///   - consume: gets what the layer decompresses to; nothing but a layer is accepted then.
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

    /// The same of a blob, which knows its digest: it is not hashed again.
    ///
    /// - Parameter algorithm: of the blob's digest, where none is expected.
    public init(
        blob: any BlobSource, path: Path, declared: MediaType? = nil,
        algorithm: Digest.Algorithm = .sha256, expectedDigest: Digest? = nil,
        expectedSize: Int64? = nil, verifiesLayer: Bool = false, isEndProved: Bool = false,
        consume: LayerInspector.ContentConsumer? = nil
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
            isEndProved: self.isEndProved, consume: consume)
    }

    public var announced: BlobIdentity? {
        guard let expectedDigest, let expectedSize else { return nil }
        return BlobIdentity(digest: expectedDigest, size: expectedSize)
    }

    /// What the bytes are, with the diffID of a layer in its annotation and, of a zstd:chunked one,
    /// where its table is. Only after the end.
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
        // Nothing at all is what a stage that failed leaves, unless it was announced.
        if byteCount == 0, expectedSize == nil, !isEndProved { throw .empty(path: path) }
        let layer = try inspector.finish()
        var descriptor = Descriptor(mediaType: layer.mediaType, digest: actual, size: byteCount)
        descriptor[annotation: Annotation.uncompressed] =
            switch layer.content {
            case .opaque: nil
            case .same: (tarDigest?.finalize() ?? actual).description
            case .tar(let diffID): diffID.description
            }
        layer.table?.annotate(&descriptor)
        return descriptor
    }
}

import ByteStream
import Hashing
import OCI

/// A blob that is read from elsewhere, checked to be whole and hashed as it passes.
///
/// Its end is proof: of a layer, that it is complete (`LayerInspector`); of anything, that digest
/// and size are those that were announced.
public final class LayerSource: BlobSource {
    private let source: any ByteSource
    private let path: Path
    private let inspector: LayerInspector
    private let digest: StreamingDigest
    /// The diffID of an uncompressed layer, when `digest` is of another algorithm.
    private let tarDigest: StreamingDigest?
    private let expectedDigest: Digest?
    private let expectedSize: Int64?
    private let isEndProved: Bool
    private var result: Descriptor?

    /// - Parameters:
    ///   - path: what messages call the bytes.
    ///   - declared: what the user says the bytes are; nil leaves it to the bytes.
    ///   - verifiesLayer: whether a layer with a trailer is decompressed and checked against it.
    ///   - isEndProved: whether something else than `expectedDigest` proves the bytes to be whole.
    ///   - consume: gets what the layer decompresses to; nothing but a layer is accepted then.
    public init(
        _ source: any ByteSource, path: Path = .standardInput, declared: MediaType? = nil,
        algorithm: Digest.Algorithm = .sha256, expectedDigest: Digest? = nil,
        expectedSize: Int64? = nil, verifiesLayer: Bool = false, isEndProved: Bool = false,
        consume: LayerInspector.ContentConsumer? = nil
    ) {
        self.source = source
        self.path = path
        self.expectedDigest = expectedDigest
        self.expectedSize = expectedSize
        self.isEndProved = isEndProved || expectedDigest != nil
        digest = StreamingDigest(expectedDigest?.algorithm ?? algorithm)
        tarDigest = digest.algorithm == .sha256 ? nil : StreamingDigest()
        inspector = LayerInspector(
            path: path, declared: declared, verifiesLayer: verifiesLayer,
            isEndProved: self.isEndProved, consume: consume)
    }

    public var announced: BlobIdentity? {
        guard let expectedDigest, let expectedSize else { return nil }
        return BlobIdentity(digest: expectedDigest, size: expectedSize)
    }

    /// What the bytes are, with the diffID of a layer in its annotation. Only after the end.
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
        let count = try source.read(into: buffer)
        if count == 0 {
            if result == nil { result = try finish() }
            return 0
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        digest.update(bytes)
        tarDigest?.update(bytes)
        if let expectedSize, digest.byteCount > expectedSize {
            throw LayerError.size(path: path, expected: expectedSize, actual: digest.byteCount)
        }
        try inspector.update(bytes)
        return count
    }

    private func finish() throws(LayerError) -> Descriptor {
        let byteCount = digest.byteCount
        if let expectedSize, byteCount != expectedSize {
            throw .size(path: path, expected: expectedSize, actual: byteCount)
        }
        let actual = digest.finalize()
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
        return descriptor
    }
}

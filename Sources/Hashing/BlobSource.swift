import ByteStream
import OCI

/// The identity of a blob: digest and size.
public struct BlobIdentity: Hashable, Sendable {
    public let digest: Digest
    /// Size in bytes.
    public let size: Int64

    public init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}

/// A blob to be stored: a source that knows digest and size after its last byte.
///
/// Its end is proof: when the bytes are truncated or wrong, `read` throws instead of returning 0.
/// Then whatever was stored must be removed.
public protocol BlobSource: ByteSource {
    /// Digest and size, when they are known before the bytes are read: of a copied blob or of a
    /// file. The bytes are then checked against them.
    var announced: BlobIdentity? { get }

    /// Digest and size of all bytes. Valid only after `read` returned 0.
    var identity: BlobIdentity { get }

    /// Goes back to the first byte, to send all bytes again.
    ///
    /// - Returns: false when the bytes are no longer available, as for a pipe.
    func rewind() throws -> Bool

    /// Whether `rewind` will work, so that bytes need not be kept for a retry.
    var canRewind: Bool { get }

    /// Whether all of the bytes are in memory.
    var isInMemory: Bool { get }
}

extension BlobSource {
    public var canRewind: Bool { false }
    public var isInMemory: Bool { false }
}

/// Any bytes as a blob, hashed as they pass.
public final class HashingSource: BlobSource {
    private let source: any ByteSource
    private var digest: StreamingDigest
    private var result: BlobIdentity?

    public init(_ source: any ByteSource, algorithm: Digest.Algorithm = .sha256) {
        self.source = source
        digest = StreamingDigest(algorithm)
    }

    public var announced: BlobIdentity? { nil }

    public var identity: BlobIdentity {
        guard let result else { preconditionFailure("the source has not ended") }
        return result
    }

    public func rewind() -> Bool { false }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        if count > 0 {
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else if result == nil {
            result = BlobIdentity(digest: digest.finalize(), size: digest.byteCount)
        }
        return count
    }
}

/// Bytes in memory as a blob.
public final class MemoryBlob: BlobSource {
    public let bytes: [UInt8]
    private var source: MemorySource
    public let identity: BlobIdentity

    public init(_ bytes: [UInt8], algorithm: Digest.Algorithm = .sha256) {
        self.bytes = bytes
        source = MemorySource(bytes)
        identity = BlobIdentity(
            digest: .of(bytes, algorithm: algorithm), size: Int64(bytes.count))
    }

    public var announced: BlobIdentity? { identity }
    public var canRewind: Bool { true }
    public var isInMemory: Bool { true }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        source.read(into: buffer)
    }

    public func rewind() -> Bool {
        source = MemorySource(bytes)
        return true
    }
}

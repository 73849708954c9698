import ByteStream
import Glibc
import Hashing
import OCI
import Tar

/// Unpacks a layer as it streams, while another thread reads, hashes and decompresses it.
///
/// The tree is written before the layer is verified: the tree is valid only after `unpack` has
/// returned.
public struct LayerUnpacker: Sendable {
    /// The expected digest of the stored layer.
    public var digest: Digest?
    /// The expected size of the stored layer in bytes.
    public var size: Int64?
    /// The expected type; nil accepts any compression.
    public var mediaType: MediaType?
    /// The expected digest of the uncompressed tar.
    public var diffID: Digest?
    /// Whether the tar is hashed, to compare it with `diffID` and with the digest in a trailer.
    public var hashesContent = true
    /// The maximum ratio of decompressed to stored size, beyond 1 GiB.
    public var maximumRatio = 1000

    /// The number of bytes by which decompression may be ahead of unpacking.
    private static let byteLimit = 4 << 20

    /// The number of bytes to which any layer may decompress.
    private static let freeByteCount: Int64 = 1 << 30

    public init() {}

    /// Unpacks the layer on `input`: a tar, plain or compressed with gzip or zstd.
    ///
    /// - Parameter path: its name in messages.
    /// - Throws: `TarError`, with `.source` for the `LayerError` of a truncated or unexpected
    ///   layer; `StreamError`.
    public func unpack(
        _ input: any ByteSource, path: Path, with extractor: TreeExtractor
    ) throws {
        let tar = try open(input, path: path)
        try extractor.apply(tar, path: path, isEndProved: isEndProved)
    }

    /// Whether a digest proves that the layer is complete.
    public var isEndProved: Bool { digest != nil || diffID != nil }

    /// Opens the tar of the layer on `input`. Another thread starts to decompress it at once, up to
    /// 4 MiB ahead.
    ///
    /// - Throws: `StreamError.system` when no thread can be created.
    public func open(
        _ input: any ByteSource, path: Path
    ) throws(StreamError) -> any ByteSource {
        try open(
            blob: HashingSource(input, algorithm: digest?.algorithm ?? .sha256), path: path)
    }

    /// The same for a blob that has a digest of its own, which is not hashed again.
    public func open(
        blob input: any BlobSource, path: Path
    ) throws(StreamError) -> any ByteSource {
        let pipe = MemoryPipe(capacity: LayerUnpacker.byteLimit)
        let production = Production(input, path, pipe, self)
        guard let thread = WorkerThread({ production.run() }) else {
            throw .system(call: "pthread_create", Errno(rawValue: EAGAIN))
        }
        return DecompressedLayer(pipe, thread)
    }

    /// Reads and verifies the layer. Only the thread that runs it uses its state.
    private final class Production: @unchecked Sendable {
        private let input: CountingBlob
        private let path: Path
        private let pipe: MemoryPipe
        private let expected: LayerUnpacker
        /// The diffID that is checked.
        private let diffID: Digest?
        private var byteCount: Int64 = 0
        /// For a diffID with another algorithm.
        private let tarDigest: StreamingDigest?

        init(
            _ input: any BlobSource, _ path: Path, _ pipe: MemoryPipe, _ expected: LayerUnpacker
        ) {
            self.input = CountingBlob(input)
            self.path = path
            self.pipe = pipe
            self.expected = expected
            diffID = expected.hashesContent ? expected.diffID : nil
            tarDigest = diffID.flatMap {
                $0.algorithm == .sha256 ? nil : StreamingDigest($0.algorithm)
            }
        }

        func run() {
            do {
                let source = LayerSource(
                    blob: input, path: path, declared: expected.mediaType,
                    expectedDigest: expected.digest, expectedSize: expected.size,
                    isEndProved: expected.isEndProved, hashesContent: expected.hashesContent
                ) { (bytes) throws(LayerError) in try self.pass(bytes) }
                try drain(source)
                try checkDiffID(of: source.descriptor)
                pipe.finish(nil)
            } catch {
                pipe.finish(error)
            }
        }

        private func pass(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
            byteCount += Int64(bytes.count)
            if byteCount > LayerUnpacker.freeByteCount,
                byteCount / Int64(expected.maximumRatio) >= input.byteCount
            {
                throw .bomb(
                    path: path, byteCount: input.byteCount, ratio: expected.maximumRatio)
            }
            tarDigest?.update(bytes)
            do {
                try pipe.write(bytes)
            } catch {
                throw .stream(.write(path: path, .cancelled))
            }
        }

        private func checkDiffID(of layer: Descriptor) throws(LayerError) {
            guard let diffID else { return }
            let actual =
                tarDigest?.finalize()
                ?? layer[annotation: Annotation.uncompressed].flatMap { Digest($0) }
            if let actual, actual != diffID {
                throw .diffID(path: path, expected: diffID, actual: actual)
            }
        }
    }
}

/// The output of the decompressing thread; its end comes only after the layer was verified.
private final class DecompressedLayer: ByteSource {
    private let pipe: MemoryPipe
    private let thread: WorkerThread
    private var hasEnded = false

    init(_ pipe: MemoryPipe, _ thread: WorkerThread) {
        self.pipe = pipe
        self.thread = thread
    }

    deinit {
        if hasEnded { return thread.join() }
        // The thread may be waiting for slow input; it ends after that.
        pipe.abandon()
        thread.detach()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try pipe.read(into: buffer)
        if count == 0, !buffer.isEmpty { hasEnded = true }
        return count
    }
}

/// A blob that counts the bytes read from it.
private final class CountingBlob: BlobSource {
    private let blob: any BlobSource
    private(set) var byteCount: Int64 = 0

    init(_ blob: any BlobSource) {
        self.blob = blob
    }

    var announced: BlobIdentity? { blob.announced }
    var identity: BlobIdentity { blob.identity }

    func rewind() -> Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try blob.read(into: buffer)
        byteCount += Int64(count)
        return count
    }
}

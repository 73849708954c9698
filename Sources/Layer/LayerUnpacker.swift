import ByteStream
import Glibc
import Hashing
import OCI
import Tar

/// Unpacks a layer as it streams, while another thread reads, hashes and decompresses it.
///
/// The tree is made before the layer is proved to be what it should: only when `unpack` returns has
/// it been.
public struct LayerUnpacker: Sendable {
    /// Digest of the layer as it is stored.
    public var digest: Digest?
    /// Stored bytes of the layer.
    public var size: Int64?
    /// Type that the layer must be of; nil takes a layer of any compression.
    public var mediaType: MediaType?
    /// Digest of the uncompressed tar.
    public var diffID: Digest?
    /// How many times its stored size a layer may decompress to, beyond 1 GiB.
    public var maximumRatio = 1000

    /// Bytes that decompression may be ahead of unpacking.
    private static let byteLimit = 4 << 20

    /// Bytes that any layer may decompress to.
    private static let freeByteCount: Int64 = 1 << 30

    public init() {}

    /// Unpacks the layer that `input` has: a tar, also compressed with gzip or zstd.
    ///
    /// - Parameter path: what messages call it.
    /// - Throws: `TarError`, with `.source` for the `LayerError` of a layer that is not whole or not
    ///   the expected one; `StreamError`.
    public func unpack(
        _ input: any ByteSource, path: Path, with extractor: TreeExtractor
    ) throws {
        let tar = try open(input, path: path)
        try extractor.apply(tar, path: path, isEndProved: isEndProved)
    }

    /// Whether the layer ends only where it should, since its digest is checked.
    public var isEndProved: Bool { digest != nil || diffID != nil }

    /// The tar of the layer that `input` has. Another thread begins at once to decompress it, up to
    /// 4 MiB ahead.
    ///
    /// - Throws: `StreamError.system` when there is no thread.
    public func open(
        _ input: any ByteSource, path: Path
    ) throws(StreamError) -> any ByteSource {
        try open(
            blob: HashingSource(input, algorithm: digest?.algorithm ?? .sha256), path: path)
    }

    /// The same of a blob, which knows its digest: it is not hashed again.
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

    /// Reads the layer and checks it. Everything in it is the thread's that runs it.
    private final class Production: @unchecked Sendable {
        private let input: CountingBlob
        private let path: Path
        private let pipe: MemoryPipe
        private let expected: LayerUnpacker
        private var byteCount: Int64 = 0
        /// For a diffID whose algorithm differs from the others'.
        private let tarDigest: StreamingDigest?

        init(
            _ input: any BlobSource, _ path: Path, _ pipe: MemoryPipe, _ expected: LayerUnpacker
        ) {
            self.input = CountingBlob(input)
            self.path = path
            self.pipe = pipe
            self.expected = expected
            tarDigest = expected.diffID.flatMap {
                $0.algorithm == .sha256 ? nil : StreamingDigest($0.algorithm)
            }
        }

        func run() {
            do {
                let source = LayerSource(
                    blob: input, path: path, declared: expected.mediaType,
                    expectedDigest: expected.digest, expectedSize: expected.size,
                    isEndProved: expected.isEndProved
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
            guard let diffID = expected.diffID else { return }
            let actual =
                tarDigest?.finalize()
                ?? layer[annotation: Annotation.uncompressed].flatMap { Digest($0) }
            if let actual, actual != diffID {
                throw .diffID(path: path, expected: diffID, actual: actual)
            }
        }
    }
}

/// What another thread decompresses: its end comes when the layer is proved to be the expected one.
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
        // The thread may wait for input that takes its time; it ends with it.
        pipe.abandon()
        thread.detach()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try pipe.read(into: buffer)
        if count == 0, !buffer.isEmpty { hasEnded = true }
        return count
    }
}

/// A blob of which is known how many bytes it gave.
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

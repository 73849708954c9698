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
    /// Bytes of the layer as it is stored.
    public var size: Int64?
    /// Digest of the uncompressed tar.
    public var diffID: Digest?
    /// How many times its own size a layer may decompress to, once it is more than a GiB.
    public var maximumRatio = 1000

    /// Whether the layer ends only where it should.
    private var isEndProved: Bool { digest != nil || diffID != nil }

    /// How far decompressing may be ahead of unpacking.
    private static let byteLimit = 4 << 20

    /// What a layer may decompress to however small it is.
    private static let freeByteCount: Int64 = 1 << 30

    public init() {}

    /// Unpacks the layer that `input` has: a tar, also compressed with gzip or zstd.
    ///
    /// - Throws: `TarError`, with `.source` for the `LayerError` of a layer that is not whole or not
    ///   the expected one; `StreamError`.
    public func unpack(_ input: InputStream, with extractor: TreeExtractor) throws {
        let pipe = MemoryPipe(capacity: LayerUnpacker.byteLimit)
        let production = Production(input, pipe, self)
        guard let thread = WorkerThread({ production.run() }) else {
            throw StreamError.system(call: "pthread_create", Errno(rawValue: EAGAIN))
        }
        do {
            try extractor.apply(
                pipe, path: input.path, isEndProved: isEndProved)
            thread.join()
        } catch {
            // The thread may wait for input that takes its time; it ends with it.
            pipe.abandon()
            thread.detach()
            throw error
        }
    }

    /// Reads the layer and checks it. Everything in it is the thread's that runs it.
    private final class Production: @unchecked Sendable {
        private let input: InputStream
        private let pipe: MemoryPipe
        private let expected: LayerUnpacker
        private var byteCount: Int64 = 0
        /// Of a diffID whose algorithm is not that of all the others.
        private let tarDigest: StreamingDigest?

        init(_ input: InputStream, _ pipe: MemoryPipe, _ expected: LayerUnpacker) {
            self.input = input
            self.pipe = pipe
            self.expected = expected
            tarDigest = expected.diffID.flatMap {
                $0.algorithm == .sha256 ? nil : StreamingDigest($0.algorithm)
            }
        }

        func run() {
            do {
                let source = LayerSource(
                    input, path: input.path, expectedDigest: expected.digest,
                    expectedSize: expected.size, isEndProved: expected.isEndProved
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
                    path: input.path, byteCount: input.byteCount, ratio: expected.maximumRatio)
            }
            tarDigest?.update(bytes)
            do {
                try pipe.write(bytes)
            } catch {
                throw .stream(.write(path: input.path, .cancelled))
            }
        }

        private func checkDiffID(of layer: Descriptor) throws(LayerError) {
            guard let diffID = expected.diffID else { return }
            let actual =
                tarDigest?.finalize()
                ?? layer[annotation: Annotation.uncompressed].flatMap { Digest($0) }
            if let actual, actual != diffID {
                throw .diffID(path: input.path, expected: diffID, actual: actual)
            }
        }
    }
}

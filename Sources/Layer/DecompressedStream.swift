import ByteStream
import Glibc

/// The decompressed bytes of a gzip or zstd stream, which another thread decompresses.
///
/// The end is verified: a truncated or damaged stream throws in place of the end.
public final class DecompressedStream: ByteSource {
    /// The number of bytes by which decompression may be ahead of reading.
    private static let byteLimit = 4 << 20

    private let pipe = MemoryPipe(capacity: DecompressedStream.byteLimit)
    private let thread: WorkerThread

    /// - Parameters:
    ///   - source: the compressed bytes; nothing else may read from it.
    ///   - head: its first bytes, which determine the format; they are not consumed from `source`.
    ///   - path: its name in messages.
    /// - Returns: nil when it is neither gzip nor zstd.
    /// - Throws: `LayerError.library`, `StreamError.system`.
    public init?(_ source: any ByteSource, head: [UInt8], path: Path) throws {
        guard let decoder = try DecompressedStream.decoder(head, path) else { return nil }
        thread = try DecompressedStream.start(Production(source, decoder, pipe, path))
    }

    /// The tar of a layer that is verified already, compressed or not; nothing is hashed.
    ///
    /// - Throws: `StreamError.system`.
    public init(layer source: any ByteSource, path: Path) throws(StreamError) {
        thread = try DecompressedStream.start(Production(source, nil, pipe, path))
    }

    private static func start(_ production: Production) throws(StreamError) -> WorkerThread {
        guard let thread = WorkerThread({ production.run() }) else {
            throw .system(call: "pthread_create", Errno(rawValue: EAGAIN))
        }
        return thread
    }

    /// - Returns: nil when the first bytes are not of a compressed stream.
    private static func decoder(
        _ head: some Collection<UInt8>, _ path: Path
    ) throws(LayerError) -> (any StreamDecoder)? {
        if head.starts(with: [0x1F, 0x8B]) { return try GzipDecoder(path: path) }
        let isSkippable =
            (head.first ?? 0) & 0xF0 == 0x50 && head.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
        if isSkippable || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            return try ZstdDecoder(path: path)
        }
        return nil
    }

    deinit {
        // The thread may be waiting for slow input; it ends after that.
        pipe.abandon()
        thread.detach()
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try pipe.read(into: buffer)
    }

    /// Only the thread that runs it uses its state.
    private final class Production: @unchecked Sendable {
        private let source: any ByteSource
        /// nil when the first bytes determine it.
        private let decoder: (any StreamDecoder)?
        private let pipe: MemoryPipe
        private let path: Path

        init(
            _ source: any ByteSource, _ decoder: (any StreamDecoder)?, _ pipe: MemoryPipe,
            _ path: Path
        ) {
            self.source = source
            self.decoder = decoder
            self.pipe = pipe
            self.path = path
        }

        func run() {
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: 256 << 10, alignment: 4096)
            defer { buffer.deallocate() }
            do {
                var count = try readHead(into: buffer)
                let decoder =
                    try self.decoder ?? DecompressedStream.decoder(buffer[..<min(count, 4)], path)
                while count > 0 {
                    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    if let decoder {
                        try decoder.decode(bytes) { (bytes) throws(LayerError) in
                            try self.pass(bytes)
                        }
                    } else {
                        try pass(bytes)
                    }
                    count = try source.read(into: buffer)
                }
                try decoder?.finish()
                pipe.finish(nil)
            } catch {
                pipe.finish(error)
            }
        }

        /// Reads at least four bytes, unless the input is shorter.
        private func readHead(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            var count = 0
            while count < 4 {
                let more = try source.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if more == 0 { break }
                count += more
            }
            return count
        }

        private func pass(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
            do {
                try pipe.write(bytes)
            } catch {
                throw .stream(.write(path: path, .cancelled))
            }
        }
    }
}

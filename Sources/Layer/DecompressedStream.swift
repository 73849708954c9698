import ByteStream
import Glibc

/// The decompressed bytes of a gzip or zstd stream. A thread of its own decompresses.
///
/// Its end is proved: a stream that is cut or damaged throws where the end would be.
public final class DecompressedStream: ByteSource {
    /// Bytes that decompression may be ahead of reading.
    private static let byteLimit = 4 << 20

    private let pipe = MemoryPipe(capacity: DecompressedStream.byteLimit)
    private let thread: WorkerThread

    /// - Parameters:
    ///   - source: the compressed bytes; nothing else may read from it.
    ///   - head: its first bytes, which tell the format; they are not taken from `source`.
    ///   - path: what messages call it.
    /// - Returns: nil when it is neither gzip nor zstd.
    /// - Throws: `LayerError.library`, `StreamError.system`.
    public init?(_ source: any ByteSource, head: [UInt8], path: Path) throws {
        let decoder: any StreamDecoder
        if head.starts(with: [0x1F, 0x8B]) {
            decoder = try GzipDecoder(path: path)
        } else if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            || (head.first ?? 0) & 0xF0 == 0x50
                && head.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
        {
            decoder = try ZstdDecoder(path: path)
        } else {
            return nil
        }
        let production = Production(source, decoder, pipe, path)
        guard let thread = WorkerThread({ production.run() }) else {
            throw StreamError.system(call: "pthread_create", Errno(rawValue: EAGAIN))
        }
        self.thread = thread
    }

    deinit {
        // The thread may wait for input that takes its time; it ends with it.
        pipe.abandon()
        thread.detach()
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try pipe.read(into: buffer)
    }

    /// Everything in it is the thread's that runs it.
    private final class Production: @unchecked Sendable {
        private let source: any ByteSource
        private let decoder: any StreamDecoder
        private let pipe: MemoryPipe
        private let path: Path

        init(
            _ source: any ByteSource, _ decoder: any StreamDecoder, _ pipe: MemoryPipe, _ path: Path
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
                while true {
                    let count = try source.read(into: buffer)
                    if count == 0 { break }
                    try decoder.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                        (bytes) throws(LayerError) in try self.pass(bytes)
                    }
                }
                try decoder.finish()
                pipe.finish(nil)
            } catch {
                pipe.finish(error)
            }
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

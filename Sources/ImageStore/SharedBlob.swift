import ByteStream
import Hashing

/// One blob for several places at once: it is read once, and each place gets all of its bytes.
///
/// A ring buffer lies between the fastest and the slowest reader, so the slowest place sets the
/// speed and memory is bounded. A reader that finds the ring empty reads the source. A place that
/// ends or fails no longer holds up the others.
final class SharedBlob: @unchecked Sendable {
    /// The number of bytes by which one place may be ahead of another.
    static let byteLimit = 8 << 20
    private static let readByteLimit = 1 << 20

    private let source: any BlobSource
    private let buffer: UnsafeMutableRawBufferPointer
    private let lock = Lock()
    // Guarded by the lock, except the bytes of the ring: those before `end` do not change while a
    // reader still needs them, and only the thread that reads the source writes those after it.
    /// The number of bytes that each place has read; nil when it stopped reading.
    private var positions: [Int64?]
    private var end: Int64 = 0
    private var isReading = false
    private var outcome: Result<Void, any Error>?

    let announced: BlobIdentity?

    init(_ source: any BlobSource, readerCount: Int) {
        self.source = source
        announced = source.announced
        positions = Array(repeating: 0, count: readerCount)
        buffer = .allocate(byteCount: SharedBlob.byteLimit, alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// The blob as a source for the place `reader`. Call `leave` when the place is done.
    func blob(for reader: Int) -> any BlobSource { Reader(self, reader) }

    /// States that a place reads no more, because it failed or has everything.
    func leave(_ reader: Int) {
        lock.withLock {
            positions[reader] = nil
            lock.broadcast()
        }
    }

    /// Valid only after a reader reached the end.
    var identity: BlobIdentity { source.identity }

    /// The error of reading the source.
    var failure: (any Error)? {
        lock.withLock {
            if case .failure(let error) = outcome { error } else { nil }
        }
    }

    /// Waits for bytes after the position of `reader`. The first reader that needs them reads the
    /// source for all.
    fileprivate func read(_ reader: Int, into space: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            switch try lock.withLock({ try next(reader) }) {
            case .end: return 0
            case .fill(let room): fill(room)
            case .bytes(let bytes):
                let part = bytes.prefix(space.count)
                space.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
                lock.withLock {
                    positions[reader] = positions[reader].map { $0 + Int64(part.count) }
                    lock.broadcast()
                }
                return part.count
            }
        }
    }

    private enum Step {
        case bytes(Slice<UnsafeMutableRawBufferPointer>)
        /// Read the source into this part of the ring.
        case fill(UnsafeMutableRawBufferPointer)
        case end
    }

    /// The next step of a reader, which waits for the slowest. The caller holds the lock.
    private func next(_ reader: Int) throws -> Step {
        while true {
            let position = positions[reader] ?? end
            if position < end {
                let start = Int(position % Int64(buffer.count))
                let count = min(Int(end - position), buffer.count - start)
                return .bytes(buffer[start..<(start + count)])
            }
            if let outcome {
                try outcome.get()
                return .end
            }
            let slowest = positions.compactMap { $0 }.min() ?? end
            let free = buffer.count - Int(end - slowest)
            if !isReading && free > 0 {
                isReading = true
                let start = Int(end % Int64(buffer.count))
                let count = min(free, buffer.count - start, SharedBlob.readByteLimit)
                return .fill(
                    UnsafeMutableRawBufferPointer(rebasing: buffer[start..<(start + count)]))
            }
            lock.wait()
        }
    }

    private func fill(_ room: UnsafeMutableRawBufferPointer) {
        let result = Result { try source.read(into: room) }
        lock.withLock {
            isReading = false
            switch result {
            case .success(0): outcome = .success(())
            case .success(let count): end += Int64(count)
            case .failure(let error): outcome = .failure(error)
            }
            lock.broadcast()
        }
    }

    private final class Reader: BlobSource {
        private let shared: SharedBlob
        private let number: Int

        init(_ shared: SharedBlob, _ number: Int) {
            self.shared = shared
            self.number = number
        }

        var announced: BlobIdentity? { shared.announced }
        var identity: BlobIdentity { shared.identity }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            try shared.read(number, into: buffer)
        }

        func rewind() -> Bool { false }
    }
}

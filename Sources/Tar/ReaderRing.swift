import ByteStream
import Glibc

/// Reads files ahead with several threads, and writes them in the order they were found.
///
/// For a cold cache: where a file takes the disk's time and not the processor's, many reads at once
/// take little longer than one. The walk fills chunks of entries, readers turn them into finished
/// tar bytes, and one thread writes the chunks in order. Files that are large, or that have several
/// names, are left to that thread.
///
/// From its creation to the end of `finish()` the writer belongs to the ring.
final class ReaderRing: TreeVisitor, @unchecked Sendable {
    static let readerCount = 16
    private static let entriesPerChunk = 32

    private let writer: TarWriter
    private let chunks: [Chunk]
    private let lock = Lock()
    private var threads: [pthread_t] = []

    // Guarded by the lock. Chunks are numbered from 0 in the order of the tar; the chunk of a number
    // is at its remainder in the ring.
    private var filledCount = 0
    private var takenCount = 0
    private var writtenCount = 0
    private var isWalkOver = false
    private var failure: TarError?

    /// The chunk that the walk is filling; the walk's alone.
    private var current: Chunk?

    /// - Throws: `TarError.stream` when no thread can be started.
    init(_ writer: TarWriter) throws(TarError) {
        self.writer = writer
        chunks = (0..<(2 * ReaderRing.readerCount)).map { _ in Chunk() }
        try start { $0.writeChunks() }
        for _ in 0..<ReaderRing.readerCount { try start { $0.readChunks() } }
    }

    // MARK: The walk

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try chunk().add(directory, path: path)
        try passOnIfFull()
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        try chunk().add(name, type: type, in: directory, path: path)
        try passOnIfFull()
    }

    /// Waits until everything is written.
    ///
    /// - Throws: the first error, in the order of the tar.
    func finish() throws(TarError) {
        passOn()
        end()
        if let failure { throw failure }
    }

    /// Gives up what is not written yet, because the walk failed.
    func cancel() {
        lock.withLock { if failure == nil { failure = .stream(.system(call: "walk", .cancelled)) } }
        end()
    }

    private func end() {
        lock.withLock {
            isWalkOver = true
            lock.broadcast()
        }
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    /// The chunk to fill, when there is a free one.
    private func chunk() throws(TarError) -> Chunk {
        if let current { return current }
        let free: Result<Chunk, TarError> = lock.withLock {
            while filledCount - writtenCount == chunks.count, failure == nil { lock.wait() }
            if let failure { return .failure(failure) }
            return .success(chunks[filledCount % chunks.count])
        }
        let chunk = try free.get()
        chunk.clear()
        current = chunk
        return chunk
    }

    private func passOnIfFull() throws(TarError) {
        if let current, current.items.count >= ReaderRing.entriesPerChunk { passOn() }
    }

    private func passOn() {
        guard current != nil else { return }
        current = nil
        lock.withLock {
            filledCount += 1
            lock.broadcast()
        }
    }

    // MARK: The readers

    private func readChunks() {
        while let chunk = nextToRead() {
            chunk.encode(with: writer.encoder)
            lock.withLock {
                chunk.isEncoded = true
                lock.broadcast()
            }
        }
    }

    private func nextToRead() -> Chunk? {
        lock.withLock {
            while takenCount == filledCount, !isWalkOver, failure == nil { lock.wait() }
            guard takenCount < filledCount, failure == nil else { return nil }
            takenCount += 1
            return chunks[(takenCount - 1) % chunks.count]
        }
    }

    // MARK: The writer

    private func writeChunks() {
        while let chunk = nextToWrite() {
            do {
                try chunk.write(to: writer)
            } catch {
                lock.withLock {
                    if failure == nil { failure = error }
                    lock.broadcast()
                }
                return
            }
            lock.withLock {
                writtenCount += 1
                lock.broadcast()
            }
        }
    }

    private func nextToWrite() -> Chunk? {
        lock.withLock {
            while failure == nil {
                let isThere = writtenCount < filledCount
                if isThere, chunks[writtenCount % chunks.count].isEncoded {
                    return chunks[writtenCount % chunks.count]
                }
                if !isThere, isWalkOver { return nil }
                lock.wait()
            }
            return nil
        }
    }

    // MARK: Threads

    private final class Task {
        let ring: ReaderRing
        let body: (ReaderRing) -> Void

        init(ring: ReaderRing, body: @escaping (ReaderRing) -> Void) {
            self.ring = ring
            self.body = body
        }
    }

    private func start(_ body: @escaping (ReaderRing) -> Void) throws(TarError) {
        let task = Unmanaged.passRetained(Task(ring: self, body: body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let task = Unmanaged<Task>.fromOpaque(argument).takeRetainedValue()
                task.body(task.ring)
                return nil
            }, task.toOpaque())
        guard result == 0 else {
            task.release()
            cancel()
            throw .stream(.system(call: "pthread_create", Errno(rawValue: result)))
        }
        threads.append(thread)
    }
}

/// Some entries that follow each other, and the tar bytes they become.
private final class Chunk {
    enum Item {
        case directory(OpenDirectory, path: [UInt8])
        case file(OpenDirectory, nameOffset: Int, type: UInt8, path: Range<Int>)
    }

    /// What is written, in order.
    private enum Part {
        case bytes(Range<Int>)
        /// An item that only the writer can do.
        case item(Int)
        case failure(TarError)
    }

    private(set) var items: [Item] = []
    /// Names, each ended by a zero byte, and paths.
    private var texts: [UInt8] = []
    private var parts: [Part] = []
    private let space = ChunkSpace()
    /// Guarded by the ring's lock.
    var isEncoded = false

    func clear() {
        items.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        space.clear()
        isEncoded = false
    }

    func add(_ directory: OpenDirectory, path: [UInt8]) {
        items.append(.directory(directory, path: path))
    }

    func add(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) {
        let nameOffset = texts.count
        texts.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        let pathStart = texts.count
        texts.append(contentsOf: path)
        items.append(
            .file(directory, nameOffset: nameOffset, type: type, path: pathStart..<texts.count))
    }

    /// Turns the items into bytes, as far as that can be done out of order.
    func encode(with encoder: EntryEncoder) {
        for index in items.indices {
            let start = space.byteCount
            do {
                let isEncoded = try encode(items[index], with: encoder)
                if space.byteCount > start { parts.append(.bytes(start..<space.byteCount)) }
                if !isEncoded { parts.append(.item(index)) }
            } catch {
                parts.append(.failure(error))
                return
            }
        }
    }

    /// - Returns: false when the item is the writer's to do.
    private func encode(_ item: Item, with encoder: EntryEncoder) throws(TarError) -> Bool {
        switch item {
        case .directory(let directory, let path):
            let entry = try encoder.directoryEntry(directory, path: path)
            try encoder.encodeEmpty(entry, to: space)
            return true
        case .file(let directory, let nameOffset, let type, let path):
            let limit = min(EntryEncoder.smallByteCount, ChunkSpace.byteLimit - space.byteCount)
            guard type == UInt8(DT_REG), limit > 0 else { return false }
            return try texts.withRawBytes { (texts) throws(TarError) in
                guard let start = texts.baseAddress else { return false }
                let name = (start + nameOffset).assumingMemoryBound(to: CChar.self)
                let outcome = try encoder.encodeFile(
                    name, in: directory, path: UnsafeRawBufferPointer(rebasing: texts[path]),
                    to: space, limit: limit)
                if case .written = outcome { return true }
                return false
            }
        }
    }

    func write(to writer: TarWriter) throws(TarError) {
        for part in parts {
            switch part {
            case .failure(let error): throw error
            case .bytes(let range): try writer.output.put(space.bytes(range))
            case .item(let index): try write(items[index], to: writer)
            }
        }
        // Directories are closed as soon as nothing needs them.
        items.removeAll(keepingCapacity: true)
    }

    private func write(_ item: Item, to writer: TarWriter) throws(TarError) {
        switch item {
        case .directory(let directory, let path):
            try writer.writeDirectory(directory, path: path)
        case .file(let directory, let nameOffset, let type, let path):
            try texts.withRawBytes { (texts) throws(TarError) in
                guard let start = texts.baseAddress else { return }
                try writer.write(
                    (start + nameOffset).assumingMemoryBound(to: CChar.self), type: type,
                    in: directory, path: UnsafeRawBufferPointer(rebasing: texts[path]))
            }
        }
    }
}

/// Memory that grows only where a header is longer than expected.
private final class ChunkSpace: EntrySpace {
    /// How much file data a chunk takes.
    static let byteLimit = 1 << 20

    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)
    private(set) var byteCount = 0

    deinit {
        buffer.deallocate()
    }

    func clear() { byteCount = 0 }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[range])
    }

    func room(atLeast count: Int) -> UnsafeMutableRawBufferPointer {
        if buffer.count - byteCount < count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(2 * buffer.count, byteCount + count, 64 << 10), alignment: 16)
            larger.copyMemory(from: bytes(0..<byteCount))
            buffer.deallocate()
            buffer = larger
        }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[byteCount...])
    }

    func accept(_ count: Int) { byteCount += count }
}

/// A mutex with a condition.
private final class Lock {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Waits, inside `withLock`, for a `broadcast`.
    func wait() { pthread_cond_wait(condition, mutex) }

    func broadcast() { pthread_cond_broadcast(condition) }
}

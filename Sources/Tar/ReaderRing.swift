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
final class ReaderRing: TreeVisitor {
    static let readerCount = 16
    private static let entriesPerChunk = 32

    private let ring: OrderedRing<Chunk>
    /// The chunk that the walk is filling.
    private var current: Chunk?

    /// - Throws: `TarError.stream` when no thread can be started.
    init(_ writer: TarWriter) throws(TarError) {
        let chunks = (0..<(2 * ReaderRing.readerCount)).map { _ in Chunk(writer) }
        ring = try OrderedRing(chunks, workerCount: ReaderRing.readerCount)
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try chunk().add(directory, path: path)
        passOnIfFull()
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        try chunk().add(name, type: type, in: directory, path: path)
        passOnIfFull()
    }

    /// Waits until everything is written.
    ///
    /// - Throws: the first error, in the order of the tar.
    func finish() throws(TarError) {
        passOn()
        try ring.finish()
    }

    /// Gives up what is not written yet, because the walk failed.
    func cancel() { ring.cancel() }

    /// The chunk to fill, when there is a free one.
    private func chunk() throws(TarError) -> Chunk {
        if let current { return current }
        let chunk = try ring.next()
        current = chunk
        return chunk
    }

    private func passOnIfFull() {
        if let current, current.items.count >= ReaderRing.entriesPerChunk { passOn() }
    }

    private func passOn() {
        guard current != nil else { return }
        current = nil
        ring.submit()
    }
}

/// Some entries that follow each other, and the tar bytes they become.
private final class Chunk: RingChunk {
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
    private let writer: TarWriter

    init(_ writer: TarWriter) {
        self.writer = writer
    }

    func clear() {
        items.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        space.clear()
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
    func work() {
        for index in items.indices {
            let start = space.byteCount
            do {
                let isEncoded = try encode(items[index], with: writer.encoder)
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

    func finish() throws(TarError) {
        for part in parts {
            switch part {
            case .failure(let error): throw error
            case .bytes(let range): try writer.output.put(space.bytes(range))
            case .item(let index): try write(items[index])
            }
        }
        // Directories are closed as soon as nothing needs them.
        items.removeAll(keepingCapacity: true)
    }

    private func write(_ item: Item) throws(TarError) {
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

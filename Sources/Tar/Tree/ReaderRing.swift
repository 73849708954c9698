import ByteStream
import Glibc

/// Reads files ahead with several threads, and writes them in the order of the walk.
///
/// When a disk is slow, many reads at once take little longer than one; an idle processor can read
/// too. The walk fills chunks of entries, readers turn them into finished tar bytes, and one thread
/// writes the chunks in order. That thread also writes files that are large or hard-linked.
///
/// From its creation to the end of `finish()` the writer belongs to the ring.
final class ReaderRing: WalkVisitor {
    private static let chunkCount = 32
    /// With 64 entries the threads rarely wake each other, and few are idle at the end.
    private static let entriesPerChunk = 64

    private let ring: OrderedRing<Chunk>
    /// The maximum number of directories that a chunk may keep open.
    private let directoriesPerChunk: Int

    /// - Throws: `TarError.stream` when no reader can be started.
    init(_ writer: TarWriter, readerCount: Int) throws(TarError) {
        let chunks = (0..<ReaderRing.chunkCount).map { _ in Chunk(writer) }
        ring = try OrderedRing(chunks, workerCount: readerCount)
        // The other half is for files, and for the directories above.
        directoriesPerChunk = max(OpenDirectory.raiseLimit() / 2 / ReaderRing.chunkCount, 1)
    }

    /// Adds up to `count` reader threads, as far as they can be created.
    func addReaders(_ count: Int) { ring.addWorkers(count) }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        let chunk = try ring.next()
        chunk.add(directory, path: path)
        submitIfFull(chunk)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        let chunk = try ring.next()
        chunk.add(name, type: type, in: directory, path: path)
        submitIfFull(chunk)
    }

    /// Waits until everything is written.
    ///
    /// - Throws: the first error, in the order of the tar.
    func finish() throws(TarError) {
        ring.submit()
        try ring.finish()
    }

    /// Drops unwritten entries, because the walk failed.
    func cancel() { ring.cancel() }

    private func submitIfFull(_ chunk: Chunk) {
        if chunk.items.count >= ReaderRing.entriesPerChunk
            || chunk.directoryCount >= directoriesPerChunk
        {
            ring.submit()
        }
    }
}

/// Consecutive entries, and the tar bytes for them.
private final class Chunk: RingChunk {
    enum Item {
        case directory(OpenDirectory, path: [UInt8])
        case file(OpenDirectory, nameOffset: Int, type: UInt8, path: Range<Int>)

        var directory: OpenDirectory {
            switch self {
            case .directory(let directory, _), .file(let directory, _, _, _): directory
            }
        }
    }

    /// The items to write, in order.
    private enum Part {
        case bytes(Range<Int>)
        /// An item that only the writer can process.
        case item(Int)
        case failure(TarError)
    }

    private(set) var items: [Item] = []
    /// The maximum number of directories that the items keep open.
    private(set) var directoryCount = 0
    /// Names, each ended by a zero byte, and paths.
    private var texts: [UInt8] = []
    private var parts: [Part] = []
    private let space = ChunkSpace()
    private let writer: TarWriter

    init(_ writer: TarWriter) {
        self.writer = writer
    }

    func clear() {
        release()
        texts.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        space.clear()
    }

    func add(_ directory: OpenDirectory, path: [UInt8]) {
        add(.directory(directory, path: path), of: directory)
    }

    func add(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) {
        let nameOffset = texts.count
        texts.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        let pathStart = texts.count
        texts.append(contentsOf: path)
        add(
            .file(directory, nameOffset: nameOffset, type: type, path: pathStart..<texts.count),
            of: directory)
    }

    private func add(_ item: Item, of directory: OpenDirectory) {
        if items.last?.directory !== directory { directoryCount += 1 }
        items.append(item)
    }

    /// Encodes the items that can be encoded out of order.
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

    /// - Returns: false when the writer must process the item.
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
        release()
    }

    /// Closes the directories that no other chunk needs.
    private func release() {
        items.removeAll(keepingCapacity: true)
        directoryCount = 0
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

/// Memory that grows to the size of a chunk, and is reused for the next one.
private final class ChunkSpace: EntrySpace {
    /// The size of a chunk; with its last header and padding it is less than 1 MiB, to which the
    /// buffer grows by doubling.
    static let byteLimit = 960 << 10

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

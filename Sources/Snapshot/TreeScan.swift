import ByteStream
import CSystem
import Glibc
import Hashing
import Tar

/// Walks a tree and examines its entries with several threads.
struct TreeScan {
    let directory: Path
    /// The number of threads; nil means the number of processors.
    let threads: Int?
    let work: ScanWork
    let warn: (String) -> Void

    /// Examines the directory and everything in it, a directory before its contents, names in byte
    /// order.
    ///
    /// - Parameters:
    ///   - begin: called first, with the tree's own directory.
    ///   - makeChunk: makes a chunk; chunks are reused.
    /// - Throws: `TarError`, the first in that order.
    func run(
        begin: (OpenDirectory) throws(TarError) -> Void, makeChunk: () -> ScanChunk
    ) throws(TarError) {
        let root = try directory.withCString { (name) throws(TarError) in
            try OpenDirectory(name, path: directory, followingLinks: true)
        }
        try begin(root)
        let visitor = try ScanVisitor(threads: threads, work, makeChunk: makeChunk)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var walker = TreeWalker(
            root: [], excludes: ExcludePatterns(), refusesWhiteoutNames: false, visitor: visitor,
            buffer: buffer, warn: warn)
        do {
            try visitor.visit(root, path: [])
            try walker.walk([.directory(root)])
        } catch {
            visitor.cancel()
            throw error
        }
        try visitor.finish()
    }
}

/// The kind of work for each entry of a tree.
enum ScanWork {
    /// Reading attributes: so fast that threads must rarely wake each other.
    case status
    /// Reading files: so slow that one thread must not get several large files.
    case reading

    /// The number of entries in a chunk.
    fileprivate var itemLimit: Int {
        switch self {
        case .status: 256
        case .reading: 32
        }
    }
}

/// Fills chunks with the entries of a walk.
final class ScanVisitor: WalkVisitor {
    private static let threadLimit = 16

    private let ring: OrderedRing<ScanChunk>
    private let itemLimit: Int
    /// The maximum number of directories that a chunk may keep open.
    private let directoryLimit: Int

    /// - Parameters:
    ///   - threads: the number of threads; nil means the number of processors.
    ///   - work: the kind of work for each entry.
    init(threads: Int?, _ work: ScanWork, makeChunk: () -> ScanChunk) throws(TarError) {
        itemLimit = work.itemLimit
        let count = min(threads ?? Int(system_processor_count()), ScanVisitor.threadLimit)
        let chunks = (0..<(count + 4)).map { _ in makeChunk() }
        ring = try OrderedRing(chunks, workerCount: count)
        // The other half is for files, and for the directories above.
        directoryLimit = max(OpenDirectory.raiseLimit() / 2 / chunks.count, 1)
    }

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
        chunk.add(name, in: directory, path: path)
        submitIfFull(chunk)
    }

    func finish() throws(TarError) {
        ring.submit()
        try ring.finish()
    }

    func cancel() { ring.cancel() }

    private func submitIfFull(_ chunk: ScanChunk) {
        if chunk.itemCount >= itemLimit || chunk.directoryCount >= directoryLimit {
            ring.submit()
        }
    }
}

/// Consecutive entries, and a subclass's results for them.
///
/// Any thread examines; one thread receives the results in the order of the walk. A subclass for
/// each kind of result, rather than a generic class, avoids looking up types for every entry.
class ScanChunk: RingChunk {

    private struct Item {
        let directory: OpenDirectory
        /// nil for the directory itself.
        let nameOffset: Int?
        let path: Range<Int>
    }

    private var items: [Item] = []
    /// The maximum number of directories that the items keep open.
    final private(set) var directoryCount = 0
    /// Names, each ended by a zero byte, and paths.
    private var texts: [UInt8] = []
    private var examinedCount = 0
    private var failure: TarError?

    // MARK: For a subclass

    /// Examines the next entry and stores the result.
    func examine(_ file: ScannedFile) throws(TarError) {
        preconditionFailure("a subclass examines")
    }

    /// Receives the result of an entry.
    ///
    /// - Parameters:
    ///   - index: 0 for the first examined entry.
    ///   - path: relative to the tree; empty for the tree itself.
    func deliver(_ index: Int, path: ArraySlice<UInt8>) throws(TarError) {
        preconditionFailure("a subclass receives")
    }

    /// Empties the chunk, for the next use.
    func clear() {
        items.removeAll(keepingCapacity: true)
        directoryCount = 0
        texts.removeAll(keepingCapacity: true)
        examinedCount = 0
        failure = nil
    }

    // MARK: The walk

    final var itemCount: Int { items.count }

    /// - Parameter path: empty, or with a trailing slash.
    final func add(_ directory: OpenDirectory, path: [UInt8]) {
        let start = texts.count
        texts += path.dropLast()
        count(directory)
        items.append(Item(directory: directory, nameOffset: nil, path: start..<texts.count))
    }

    final func add(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer
    ) {
        let nameOffset = texts.count
        texts.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        let start = texts.count
        texts.append(contentsOf: path)
        count(directory)
        items.append(
            Item(directory: directory, nameOffset: nameOffset, path: start..<texts.count))
    }

    private func count(_ directory: OpenDirectory) {
        if items.last?.directory !== directory { directoryCount += 1 }
    }

    final func work() {
        do {
            for item in items {
                try texts.withRawBytes { (texts) throws(TarError) in
                    let name = item.nameOffset.flatMap { offset in
                        texts.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
                    }
                    try examine(
                        ScannedFile(
                            directory: item.directory, name: name, path: texts[item.path]))
                }
                examinedCount += 1
            }
        } catch {
            failure = error
        }
    }

    func finish() throws(TarError) {
        for (index, item) in items.prefix(examinedCount).enumerated() {
            try deliver(index, path: texts[item.path])
        }
        if let failure { throw failure }
        // Directories are closed as soon as no entry needs them.
        items.removeAll(keepingCapacity: true)
    }
}

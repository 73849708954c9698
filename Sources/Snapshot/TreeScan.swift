import ByteStream
import CSystem
import Glibc
import Hashing
import Tar

/// Takes what a scan finds: any thread examines, one takes the results in the order of the walk.
protocol ScanConsumer: AnyObject, Sendable {
    associatedtype Finding

    /// Called first, with the tree's own directory.
    func begin(_ root: OpenDirectory) throws(TarError)

    /// - Parameter position: 0, then what the call for the path before left there.
    /// - Returns: nil for what is to be passed over.
    func examine(_ file: ScannedFile, position: inout Int) throws(TarError) -> Finding?

    /// - Parameter path: relative to the tree, empty for itself.
    func take(_ finding: Finding, path: ArraySlice<UInt8>) throws(TarError)
}

/// Walks a tree and examines what is in it with several threads.
struct TreeScan {
    private static let threadLimit = 16

    let directory: Path
    /// nil: as many as there are processors.
    let threads: Int?
    let warn: (String) -> Void

    /// Examines the directory and everything in it, a directory before its contents, names in byte
    /// order.
    ///
    /// - Throws: `TarError`, the first in that order.
    func run<Consumer: ScanConsumer>(_ consumer: Consumer) throws(TarError) {
        let root = try directory.withCString { (name) throws(TarError) in
            try OpenDirectory(name, path: directory, followingLinks: true)
        }
        try consumer.begin(root)
        let count = min(threads ?? Int(system_processor_count()), TreeScan.threadLimit)
        let chunks = (0..<(count + 4)).map { _ in ScanChunk(consumer) }
        let visitor = ScanVisitor(try OrderedRing(chunks, workerCount: count))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var walker = TreeWalker(
            root: [], excludes: ExcludePatterns(), refusesWhiteoutNames: false, visitor: visitor,
            buffer: buffer, warn: warn)
        do {
            try visitor.visit(root, path: [])
            try walker.walk([.directory(root)])
        } catch {
            visitor.ring.cancel()
            throw error
        }
        try visitor.finish()
    }
}

/// Fills chunks with what a walk finds.
private final class ScanVisitor<Consumer: ScanConsumer>: TreeVisitor {
    let ring: OrderedRing<ScanChunk<Consumer>>
    private var current: ScanChunk<Consumer>?

    init(_ ring: OrderedRing<ScanChunk<Consumer>>) {
        self.ring = ring
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try chunk().add(directory, path: path)
        passOn(atLeast: ScanChunk<Consumer>.itemLimit)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        try chunk().add(name, in: directory, path: path)
        passOn(atLeast: ScanChunk<Consumer>.itemLimit)
    }

    func finish() throws(TarError) {
        passOn(atLeast: 1)
        try ring.finish()
    }

    private func chunk() throws(TarError) -> ScanChunk<Consumer> {
        if let current { return current }
        let chunk = try ring.next()
        current = chunk
        return chunk
    }

    private func passOn(atLeast count: Int) {
        guard let current, current.itemCount >= count else { return }
        self.current = nil
        ring.submit()
    }
}

/// Some entries that follow each other, and what was found out of them.
private final class ScanChunk<Consumer: ScanConsumer>: RingChunk {
    /// How many directories a chunk may keep open.
    static var itemLimit: Int { 32 }

    private struct Item {
        let directory: OpenDirectory
        /// nil for the directory itself.
        let nameOffset: Int?
        let path: Range<Int>
    }

    private let consumer: Consumer
    private var items: [Item] = []
    /// Names, each ended by a zero byte, and paths.
    private var texts: [UInt8] = []
    private var findings: [Result<Consumer.Finding?, TarError>] = []

    init(_ consumer: Consumer) {
        self.consumer = consumer
    }

    var itemCount: Int { items.count }

    func clear() {
        items.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        findings.removeAll(keepingCapacity: true)
    }

    /// - Parameter path: empty, or with a trailing slash.
    func add(_ directory: OpenDirectory, path: [UInt8]) {
        let start = texts.count
        texts += path.dropLast()
        items.append(Item(directory: directory, nameOffset: nil, path: start..<texts.count))
    }

    func add(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer
    ) {
        let nameOffset = texts.count
        texts.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        let start = texts.count
        texts.append(contentsOf: path)
        items.append(
            Item(directory: directory, nameOffset: nameOffset, path: start..<texts.count))
    }

    func work() {
        var position = 0
        for item in items {
            do {
                findings.append(.success(try examine(item, &position)))
            } catch {
                findings.append(.failure(error))
                return
            }
        }
    }

    private func examine(
        _ item: Item, _ position: inout Int
    ) throws(TarError) -> Consumer.Finding? {
        try texts.withRawBytes { (texts) throws(TarError) in
            let name = item.nameOffset.flatMap { offset in
                texts.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
            }
            return try consumer.examine(
                ScannedFile(directory: item.directory, name: name, path: texts[item.path]),
                position: &position)
        }
    }

    func finish() throws(TarError) {
        for (item, finding) in zip(items, findings) {
            if let finding = try finding.get() {
                try consumer.take(finding, path: texts[item.path])
            }
        }
        // Directories are closed as soon as nothing needs them.
        items.removeAll(keepingCapacity: true)
    }
}

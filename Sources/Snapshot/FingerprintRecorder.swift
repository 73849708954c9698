import ByteStream
import Glibc
import Hashing
import OCI
import Tar

/// Turns the entries of a tar into the bytes of a fingerprint, in the order of the tar.
final class FingerprintRecorder: EntryRecorder, @unchecked Sendable {
    /// The version of the format, so that fingerprints of other versions differ.
    private static let format: UInt8 = 1

    fileprivate let encoder: EntryEncoder
    fileprivate private(set) var clock: FileSystemClock?
    private var visitor: ScanVisitor?
    /// Entries that options make, without files.
    private let others = StreamingDigest()
    private let files = StreamingDigest()
    /// The first file that may still change without a change of its times.
    private(set) var unsettled: Path?
    private(set) var sockets: [Path] = []

    init(_ policy: EntryPolicy, salt: [UInt8]) {
        encoder = EntryEncoder(policy: policy)
        var head: [UInt8] = [FingerprintRecorder.format]
        head.append(policy.keepsExtendedAttributes ? 1 : 0)
        head.append(policy.takesRecordedOwner ? 1 : 0)
        head.append(text: salt)
        others.update(head)
    }

    var hasClock: Bool { clock != nil }

    /// The digest; valid once, after `finish()`.
    var digest: Digest {
        others.update(files.finalizeBytes())
        return others.finalize()
    }

    func begin(_ sources: [TreeSource]) throws(TarError) {
        guard let first = sources.first else { return }
        clock = try FileSystemClock(of: first.owner, output: nil)
        if clock == nil { clock = try FileSystemClock.ofMachine(for: first.owner) }
        visitor = try ScanVisitor(threads: nil, .status) { FingerprintChunk(self) }
        for case .directory(let directory) in sources { try pass(directory, path: []) }
    }

    func record(_ entry: TarEntry) {
        var bytes: [UInt8] = [entry.kind.rawValue]
        bytes.append(text: entry.path)
        bytes.append(text: entry.linkTarget)
        bytes.append(
            numbers: [UInt64(entry.mode), entry.uid, entry.gid]
                + [UInt64(bitPattern: entry.modificationTime)])
        for attribute in entry.extendedAttributes {
            bytes.append(text: attribute.name)
            bytes.append(text: attribute.value)
        }
        others.update(bytes)
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try visitor?.visit(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        try visitor?.visit(name, type: type, in: directory, path: path)
    }

    /// No entry has a path that begins with a zero byte.
    func pass(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try visitor?.visit(directory, path: [0] + path + [UInt8(ascii: "/")])
    }

    func finish() throws(TarError) {
        guard let visitor else { return }
        self.visitor = nil
        try visitor.finish()
    }

    func cancel() {
        visitor?.cancel()
        visitor = nil
    }

    // MARK: Called in order

    fileprivate func append(_ bytes: [UInt8]) { files.update(bytes) }

    fileprivate func append(socket: Path) { sockets.append(socket) }

    fileprivate func note(unsettled path: Path) { if unsettled == nil { unsettled = path } }
}

/// A part of the entries of a fingerprint.
private final class FingerprintChunk: ScanChunk {
    private let recorder: FingerprintRecorder
    private var bytes: [UInt8] = []
    private var sockets: [Path] = []
    private var unsettled: Path?

    init(_ recorder: FingerprintRecorder) {
        self.recorder = recorder
    }

    override func clear() {
        super.clear()
        bytes.removeAll(keepingCapacity: true)
        sockets.removeAll()
        unsettled = nil
    }

    override func examine(_ file: ScannedFile) throws(TarError) {
        let status = try file.kernelStatus()
        guard let kind = TarEntry.Kind(mode: status.st_mode) else {
            return sockets.append(file.filePath)
        }
        let entry = recorder.encoder.entry(
            status, kind: kind, path: UnsafeRawBufferPointer(start: nil, count: 0))
        bytes.append(number: UInt64(file.path.count))
        bytes.append(contentsOf: file.path)
        bytes.append(numbers: [
            UInt64(entry.mode), entry.uid, entry.gid, UInt64(bitPattern: entry.modificationTime),
            UInt64(status.st_mode), UInt64(status.st_uid), UInt64(status.st_gid),
            UInt64(bitPattern: Int64(status.st_size)), UInt64(status.st_dev),
            UInt64(status.st_ino), UInt64(status.st_rdev),
            UInt64(bitPattern: Int64(status.st_mtim.tv_sec)),
            UInt64(bitPattern: Int64(status.st_mtim.tv_nsec)),
            UInt64(bitPattern: Int64(status.st_ctim.tv_sec)),
            UInt64(bitPattern: Int64(status.st_ctim.tv_nsec)),
        ])
        if unsettled == nil,
            recorder.clock?.isAfter(
                SnapshotEntry.Time(status.st_mtim), SnapshotEntry.Time(status.st_ctim),
                on: UInt64(status.st_dev)) != true
        {
            unsettled = file.filePath
        }
    }

    override func finish() throws(TarError) {
        recorder.append(bytes)
        for socket in sockets { recorder.append(socket: socket) }
        if let unsettled { recorder.note(unsettled: unsettled) }
        try super.finish()
    }

    override func deliver(_ index: Int, path: ArraySlice<UInt8>) {}
}

extension [UInt8] {
    /// Appends a text, preceded by its length.
    fileprivate mutating func append(text: [UInt8]) {
        append(number: UInt64(text.count))
        append(contentsOf: text)
    }

    fileprivate mutating func append(number: UInt64) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(numbers: [UInt64]) {
        for number in numbers { append(number: number) }
    }
}

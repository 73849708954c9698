import ByteStream
import OCI
import Tar

/// Records a tree as mtree(5) text, as bsdtar and go-mtree read it.
///
/// Entries are relative: a directory's line is followed by those of its contents, in byte order of
/// their names, and by `..`. The text that the last `..` is missing from is cut.
///
/// - Spec: mtree(5); go-mtree for `xattr.NAME`, whose value is base64.
public struct SnapshotWriter {
    private let directory: Path
    private let threads: Int?
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - threads: how many read files; nil: as many as there are processors.
    ///   - warn: called with what is left out, in words.
    public init(
        _ directory: Path, threads: Int? = nil, warn: @escaping (String) -> Void
    ) {
        self.directory = directory
        self.threads = threads
        self.warn = warn
    }

    /// Writes the snapshot as it is made, and flushes it.
    ///
    /// - Throws: `SnapshotError.tar` and `.stream`; the output then has no end.
    public func write(to output: OutputBuffer) throws(SnapshotError) {
        let recorder = Recorder(output)
        do {
            try TreeScan(directory: directory, threads: threads, warn: warn).run(recorder)
            try recorder.finish()
        } catch .stream(let error) {
            throw .stream(error)
        } catch {
            throw .tar(error)
        }
        for socket in recorder.sockets {
            warn("\(socket.quoted) is a socket, which a layer cannot hold; left out")
        }
    }
}

/// Turns entries into lines. Everything but `examine` is called by one thread at a time.
private final class Recorder: ScanConsumer, @unchecked Sendable {
    enum Finding {
        case entry(SnapshotEntry)
        case socket(Path)
    }

    private let output: OutputBuffer
    private(set) var sockets: [Path] = []
    /// The lengths of the paths of the directories that are entered.
    private var entered: [Int] = []
    /// The path of the innermost of them.
    private var current: [UInt8] = []
    private var line: [UInt8] = []

    init(_ output: OutputBuffer) {
        self.output = output
    }

    func examine(_ file: ScannedFile) throws(TarError) -> Finding? {
        guard var (entry, _) = try file.status() else { return .socket(file.filePath) }
        if entry.kind == .file {
            return try file.read().map { .entry($0) }
        }
        if entry.kind == .symbolicLink { entry.linkTarget = try file.linkTarget() }
        entry.extendedAttributes = try file.extendedAttributes()
        return .entry(entry)
    }

    func take(_ finding: Finding, path: ArraySlice<UInt8>) throws(TarError) {
        let entry: SnapshotEntry
        switch finding {
        case .socket(let path): return sockets.append(path)
        case .entry(let found): entry = found
        }
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parent = path[..<(slash ?? path.startIndex)]
        line.removeAll(keepingCapacity: true)
        if entered.isEmpty {
            line += "#mtree\n.".utf8
        } else {
            while !current.elementsEqual(parent) { leave() }
            VisText.append(path[(slash.map { $0 + 1 } ?? path.startIndex)...], to: &line)
        }
        entry.append(to: &line)
        line.append(UInt8(ascii: "\n"))
        if entry.kind == .directory {
            entered.append(current.count)
            current = Array(path)
        }
        try put()
    }

    /// Leaves the directories that are still entered, and flushes.
    func finish() throws(TarError) {
        line.removeAll(keepingCapacity: true)
        while !entered.isEmpty { leave() }
        try put()
        do {
            try output.flush()
        } catch {
            throw .stream(error)
        }
    }

    private func leave() {
        line += "..\n".utf8
        current.removeLast(current.count - (entered.popLast() ?? 0))
    }

    private func put() throws(TarError) {
        do {
            try output.append(line)
        } catch {
            throw .stream(error)
        }
    }
}

extension SnapshotEntry {
    /// Appends the keywords, each with a space before it.
    ///
    /// A link target is never the last: it may end with a backslash, which at the end of a line
    /// would continue it.
    public func append(to line: inout [UInt8]) {
        func add(_ keyword: String, _ value: some BinaryInteger, radix: Int = 10) {
            line += " \(keyword)=".utf8
            line += String(value, radix: radix).utf8
        }
        line += " type=\(kind.rawValue)".utf8
        if let mode {
            line += " mode=0".utf8
            if mode != 0 { line += String(mode, radix: 8).utf8 }
        }
        if let uid { add("uid", uid) }
        if let gid { add("gid", gid) }
        if let linkCount { add("nlink", linkCount) }
        if let size { add("size", size) }
        if let device { line += " device=native,\(device.major),\(device.minor)".utf8 }
        if let linkTarget {
            line += " link=".utf8
            VisText.append(linkTarget, to: &line)
        }
        if let inode { add("inode", inode) }
        if let time {
            let digits = String(time.nanoseconds ?? 0)
            line += (time.nanoseconds == nil ? " tar_time=" : " time=").utf8
            line += "\(time.seconds).".utf8
            line += repeatElement(UInt8(ascii: "0"), count: 9 - digits.utf8.count)
            line += digits.utf8
        }
        if let content {
            line += " sha256digest=".utf8
            line += content.hexadecimal
        }
        for attribute in extendedAttributes {
            line += " xattr.".utf8
            VisText.append(attribute.name, to: &line, escaping: UInt8(ascii: "="))
            line.append(UInt8(ascii: "="))
            line += Base64.encode(attribute.value)
        }
    }
}

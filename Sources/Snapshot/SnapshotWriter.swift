import ByteStream
import OCI
import Tar

/// Records a tree as mtree(5) text that bsdtar and go-mtree can read.
///
/// Entries are relative: a directory's line is followed by those of its contents, in byte order of
/// their names, and by `..`. A text without the last `..` is truncated.
///
/// Keywords that those programs refuse are in comments (`OwnKeywords`). A change time is written
/// only when it is older than the snapshot by the clock of the tree's file system
/// (`FileSystemClock`); apart from that, the text depends only on the tree.
///
/// - Spec: mtree(5).
public struct SnapshotWriter {
    private let directory: Path
    private let threads: Int?
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - threads: the number of threads that read files; nil means the number of processors.
    ///   - warn: called with a message for each thing that is left out.
    public init(
        _ directory: Path, threads: Int? = nil, warn: @escaping (String) -> Void
    ) {
        self.directory = directory
        self.threads = threads
        self.warn = warn
    }

    /// Writes the snapshot while it walks the tree, and flushes it.
    ///
    /// - Throws: `SnapshotError.tar` and `.stream`; then the output has no end.
    public func write(to output: OutputBuffer) throws(SnapshotError) {
        let recorder = Recorder(output)
        do {
            try TreeScan(directory: directory, threads: threads, work: .reading, warn: warn)
                .run(begin: recorder.begin) { RecordingChunk(recorder) }
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

/// Records a part of the entries.
private final class RecordingChunk: ScanChunk {
    private let recorder: Recorder
    private var findings: [Recorder.Finding] = []

    init(_ recorder: Recorder) {
        self.recorder = recorder
    }

    override func clear() {
        super.clear()
        findings.removeAll(keepingCapacity: true)
    }

    override func examine(_ file: ScannedFile) throws(TarError) {
        findings.append(try recorder.examine(file))
    }

    override func deliver(_ index: Int, path: ArraySlice<UInt8>) throws(TarError) {
        try recorder.record(findings[index], path: path)
    }
}

/// Turns entries into lines. Everything except `examine` is called by one thread at a time.
private final class Recorder: @unchecked Sendable {
    enum Finding {
        /// Its keywords, with our keywords in separate lines.
        case entry(isDirectory: Bool, text: [UInt8])
        case socket(Path)
    }

    private let output: OutputBuffer
    private var clock: FileSystemClock?
    private(set) var sockets: [Path] = []
    /// The path lengths of the entered directories.
    private var entered: [Int] = []
    /// The path of the innermost one.
    private var current: [UInt8] = []
    private var line: [UInt8] = []

    init(_ output: OutputBuffer) {
        self.output = output
    }

    func begin(_ root: OpenDirectory) throws(TarError) {
        clock = try FileSystemClock(of: root, output: output.descriptor)
    }

    func examine(_ file: ScannedFile) throws(TarError) -> Finding {
        guard let (status, identity) = try file.status() else { return .socket(file.filePath) }
        var entry = status
        if entry.kind == .file {
            entry = try file.read()
        }
        if clock?.isAfter(entry, on: identity.device) != true { entry.changeTime = nil }
        if entry.kind == .file { return finding(entry) }
        if entry.kind == .symbolicLink { entry.linkTarget = try file.linkTarget() }
        entry.extendedAttributes = try file.extendedAttributes()
        return finding(entry)
    }

    private func finding(_ entry: SnapshotEntry) -> Finding {
        var text: [UInt8] = []
        text.reserveCapacity(256)
        entry.appendCommon(to: &text)
        text.append(UInt8(ascii: "\n"))
        entry.appendOwn(to: &text)
        return .entry(isDirectory: entry.kind == .directory, text: text)
    }

    func record(_ finding: Finding, path: ArraySlice<UInt8>) throws(TarError) {
        let (isDirectory, text): (Bool, [UInt8])
        switch finding {
        case .socket(let path): return sockets.append(path)
        case .entry(let found, let bytes): (isDirectory, text) = (found, bytes)
        }
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parent = path[..<(slash ?? path.startIndex)]
        line.removeAll(keepingCapacity: true)
        if entered.isEmpty {
            line += "#mtree\n".utf8 + OwnKeywords.header
            line.append(UInt8(ascii: "."))
        } else {
            while !current.elementsEqual(parent) { leave() }
            VisText.append(path[(slash.map { $0 + 1 } ?? path.startIndex)...], to: &line)
        }
        line += text
        if isDirectory {
            entered.append(current.count)
            current = Array(path)
        }
        try put()
    }

    /// Leaves all entered directories, and flushes.
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
    /// Appends all keywords but the extended attributes, each preceded by a space.
    ///
    /// A link target is never the last keyword, because it may end with a backslash, which would
    /// continue the line.
    public func append(to line: inout [UInt8]) {
        appendCommon(to: &line)
        appendIdentity(to: &line)
    }

    /// Appends the extended attributes as comments of ours, in lines that follow that of the entry.
    ///
    /// A text with such lines needs `OwnKeywords.header`.
    public func appendAttributes(to text: inout [UInt8]) {
        for attribute in extendedAttributes {
            var rest = attribute.value[...]
            var keyword = "xattr."
            repeat {
                text += OwnKeywords.prefix
                text += keyword.utf8
                append(
                    attribute.name, rest.prefix(OwnKeywords.attributeByteLimit), to: &text)
                text.append(UInt8(ascii: "\n"))
                rest = rest.dropFirst(OwnKeywords.attributeByteLimit)
                keyword = "xattr+."
            } while !rest.isEmpty
        }
    }

    /// Appends the keywords that every program supports.
    fileprivate func appendCommon(to line: inout [UInt8]) {
        line += " type=\(kind.rawValue)".utf8
        if let mode {
            line += " mode=0".utf8
            if mode != 0 { line += String(mode, radix: 8).utf8 }
        }
        if let uid { add("uid", uid, to: &line) }
        if let gid { add("gid", gid, to: &line) }
        if let linkCount { add("nlink", linkCount, to: &line) }
        if let size { add("size", size, to: &line) }
        if let linkTarget {
            line += " link=".utf8
            VisText.append(linkTarget, to: &line)
        }
        if let time { add(time.nanoseconds == nil ? "tar_time" : "time", time, to: &line) }
        if let content {
            line += " sha256digest=".utf8
            content.append(to: &line)
        }
    }

    /// Appends the other keywords, in separate lines.
    fileprivate func appendOwn(to text: inout [UInt8]) {
        text += OwnKeywords.prefix.dropLast()
        appendIdentity(to: &text)
        if let changeTime { add("ctime", changeTime, to: &text) }
        text.append(UInt8(ascii: "\n"))
        appendAttributes(to: &text)
    }

    private func appendIdentity(to line: inout [UInt8]) {
        if let device { line += " device=native,\(device.major),\(device.minor)".utf8 }
        if let inode { add("inode", inode, to: &line) }
    }

    private func append(
        _ name: [UInt8], _ value: ArraySlice<UInt8>, to line: inout [UInt8]
    ) {
        VisText.append(name, to: &line, escaping: UInt8(ascii: "="))
        line.append(UInt8(ascii: "="))
        line += Base64.encode(Array(value))
    }

    private func add(_ keyword: String, _ value: UInt64, to line: inout [UInt8]) {
        add(keyword, to: &line)
        line.append(decimal: value, digits: 1)
    }

    private func add(_ keyword: String, _ time: Time, to line: inout [UInt8]) {
        add(keyword, to: &line)
        if time.seconds < 0 { line.append(UInt8(ascii: "-")) }
        line.append(decimal: time.seconds.magnitude, digits: 1)
        line.append(UInt8(ascii: "."))
        line.append(decimal: UInt64(time.nanoseconds ?? 0), digits: 9)
    }

    private func add(_ keyword: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: " "))
        line += keyword.utf8
        line.append(UInt8(ascii: "="))
    }
}

extension [UInt8] {
    /// Appends a number with a minimum number of digits.
    fileprivate mutating func append(decimal number: UInt64, digits: Int) {
        let start = count
        var rest = number
        while rest > 0 || count - start < digits {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }
}

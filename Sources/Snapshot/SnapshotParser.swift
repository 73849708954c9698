import ByteStream
import OCI
import Tar

/// Reads the lines of a snapshot one after the other.
///
/// - Spec: mtree(5), Relative, Full and Special entries.
struct SnapshotParser {
    /// The most bytes that all paths together have.
    private static let pathsByteLimit = 1 << 30
    private static let pathByteLimit = 64 << 10

    private let source: Path
    private var line = 0
    /// What `/set` said: keywords and values.
    private var defaults: [(keyword: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []
    /// The lengths of the paths of the directories that relative entries entered.
    private var entered: [Int] = []
    /// The path of the innermost of them.
    private var current: [UInt8] = []
    private var hasRelativeEntries = false
    private var hasFullEntries = false

    /// Digests of contents that are recorded and not compared.
    private(set) var otherDigests: Set<String> = []

    private(set) var root: SnapshotEntry?
    private(set) var records: [Snapshot.Record] = []
    private(set) var paths: [UInt8] = []
    /// What small files hold, by their paths: a tag of theirs says it.
    private(set) var contents: [[UInt8]: [UInt8]] = [:]

    init(path: Path) {
        source = path
    }

    /// - Parameters:
    ///   - text: a line that is neither empty nor a comment.
    ///   - line: its number, for messages.
    mutating func read(_ text: [UInt8], line: Int) throws(SnapshotError) {
        self.line = line
        let words = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard let name = words.first else { return }
        if name.first == UInt8(ascii: "/") {
            try special(name, words.dropFirst())
        } else if name.elementsEqual("..".utf8) {
            guard let count = entered.popLast() else { throw malformed("'..' leaves the tree") }
            current.removeLast(current.count - count)
        } else {
            try entry(name, words.dropFirst())
        }
    }

    /// States that no more lines come.
    ///
    /// - Parameter needsEnd: whether a text of full entries must leave its root too.
    /// - Parameter needsEnd: whether a text of full entries must leave its root too.
    /// - Throws: `SnapshotError.empty`, and `.cut` when a directory was not left.
    func finish(_ lines: SnapshotLines, needsEnd: Bool = false) throws(SnapshotError) {
        if root == nil, records.isEmpty { throw .empty(path: source) }
        // Full entries need no '..', and their root may be a relative one all the same.
        if !entered.isEmpty, needsEnd || hasRelativeEntries || !hasFullEntries {
            throw .cut(path: source, line: lines.number)
        }
    }

    private mutating func special(
        _ name: ArraySlice<UInt8>, _ words: ArraySlice<ArraySlice<UInt8>>
    ) throws(SnapshotError) {
        if name.elementsEqual("/set".utf8) {
            for pair in pairs(words) {
                defaults.removeAll { $0.keyword == pair.keyword }
                defaults.append(pair)
            }
        } else if name.elementsEqual("/unset".utf8) {
            let isAll = words.isEmpty || words.contains { $0.elementsEqual("all".utf8) }
            defaults.removeAll { isAll || words.contains($0.keyword) }
        } else {
            throw malformed("\(quote(name)) is neither an entry nor '/set' or '/unset'")
        }
    }

    private mutating func entry(
        _ name: ArraySlice<UInt8>, _ words: ArraySlice<ArraySlice<UInt8>>
    ) throws(SnapshotError) {
        let pairs = pairs(words)
        let entry = try entry(defaults + pairs)
        let isFull = name.contains(UInt8(ascii: "/"))
        let path = try path(name, isFull: isFull)
        if path.isEmpty {
            guard root == nil else { throw malformed("the tree's own directory is there twice") }
            guard entry.kind == .directory else { throw malformed("the tree is no directory") }
            root = entry
            if !isFull { entered.append(0) }
            return
        }
        guard paths.count + path.count <= SnapshotParser.pathsByteLimit,
            path.count <= SnapshotParser.pathByteLimit
        else { throw .tooLarge(path: source, line: line) }
        if let content = try content(pairs) { contents[path] = content }
        let start = paths.count
        paths += path
        records.append(
            Snapshot.Record(path: start..<paths.count, parent: nil, line: line, entry: entry))
        if isFull {
            hasFullEntries = true
            return
        }
        hasRelativeEntries = true
        if entry.kind == .directory {
            entered.append(current.count)
            current = path
        }
    }

    /// The path that a name stands for: empty for the tree's own directory.
    private func path(_ name: ArraySlice<UInt8>, isFull: Bool) throws(SnapshotError) -> [UInt8] {
        var path = isFull ? [] : current
        for component in name.split(separator: UInt8(ascii: "/")) {
            guard let bytes = VisText.decode(component) else {
                throw malformed("an unknown escape in \(quote(component))")
            }
            if bytes.elementsEqual(".".utf8) {
                if isFull || current.isEmpty { continue }
                throw malformed("'.' inside a directory")
            }
            guard !bytes.isEmpty, !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")),
                !bytes.elementsEqual("..".utf8)
            else { throw malformed("\(quote(name)) is not the name of a file") }
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path += bytes
        }
        return path
    }

    private func pairs(
        _ words: ArraySlice<ArraySlice<UInt8>>
    ) -> [(keyword: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] {
        words.compactMap { word in
            guard let equals = word.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (word[..<equals], word[(equals + 1)...])
        }
    }

    /// The entry of keywords, of which a later one of the same name counts.
    private mutating func entry(
        _ pairs: [(keyword: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]
    ) throws(SnapshotError) -> SnapshotEntry {
        guard let type = pairs.last(where: { $0.keyword.elementsEqual("type".utf8) }) else {
            throw malformed("no type")
        }
        let text = String(decoding: type.value, as: UTF8.self)
        // A socket is nothing that a layer holds: as good as a FIFO for telling that it changed.
        guard let kind = SnapshotEntry.Kind(rawValue: text == "socket" ? "fifo" : text) else {
            throw malformed("\(quote(type.value)) is not a type of file")
        }
        var entry = SnapshotEntry(kind: kind)
        for (keyword, value) in pairs { try set(keyword, value, of: &entry) }
        if entry.kind == .file, entry.content == nil {
            for pair in pairs {
                let keyword = String(decoding: pair.keyword, as: UTF8.self)
                if SnapshotParser.digestKeywords.contains(keyword) { otherDigests.insert(keyword) }
            }
        }
        entry.extendedAttributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return entry
    }

    /// Of contents, but for those of sha256.
    private static let digestKeywords: Set<String> = [
        "cksum", "md5", "md5digest", "rmd160", "rmd160digest", "ripemd160digest", "sha1",
        "sha1digest", "sha384", "sha384digest", "sha512", "sha512digest", "sha512256",
        "sha512256digest",
    ]

    private func set(
        _ keyword: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, of entry: inout SnapshotEntry
    ) throws(SnapshotError) {
        switch String(decoding: keyword, as: UTF8.self) {
        case "mode": entry.mode = try number(value, keyword, radix: 8)
        case "uid": entry.uid = try number(value, keyword)
        case "gid": entry.gid = try number(value, keyword)
        case "inode": entry.inode = try number(value, keyword)
        case "nlink":
            // File systems disagree on what this is of a directory.
            if entry.kind != .directory { entry.linkCount = try number(value, keyword) }
        case "size": if entry.kind == .file { entry.size = try number(value, keyword) }
        case "time": entry.time = try time(value, isWhole: false)
        case "tar_time": entry.time = try time(value, isWhole: true)
        case "link":
            guard let target = VisText.decode(value) else {
                throw malformed("an unknown escape in a link")
            }
            if entry.kind == .symbolicLink { entry.linkTarget = target }
        case "device": entry.device = device(value)
        case "sha256", "sha256digest":
            guard let digest = ContentDigest(hexadecimal: value) else {
                throw malformed("not a sha256: \(quote(value.prefix(100)))")
            }
            if entry.kind == .file { entry.content = digest }
        case let keyword where keyword.hasPrefix("xattr."):
            try addAttribute(value, keyword: keyword, to: &entry)
        default: break
        }
    }

    /// What `tags=data:BASE64` says that a file holds.
    private func content(
        _ pairs: [(keyword: ArraySlice<UInt8>, value: ArraySlice<UInt8>)]
    ) throws(SnapshotError) -> [UInt8]? {
        guard let tags = pairs.last(where: { $0.keyword.elementsEqual("tags".utf8) }),
            let tag = tags.value.split(separator: UInt8(ascii: ","))
                .first(where: { $0.starts(with: "data:".utf8) })
        else { return nil }
        guard let bytes = Base64.decode(Array(tag.dropFirst("data:".utf8.count))) else {
            throw malformed("a tag that is not base64")
        }
        return bytes
    }

    private func addAttribute(
        _ value: ArraySlice<UInt8>, keyword: String, to entry: inout SnapshotEntry
    ) throws(SnapshotError) {
        guard let name = VisText.decode(Array(keyword.utf8.dropFirst("xattr.".utf8.count))[...]),
            !name.isEmpty, let bytes = Base64.decode(Array(value))
        else { throw malformed("not an attribute: \(quote(keyword))") }
        entry.extendedAttributes.removeAll { $0.name == name }
        entry.extendedAttributes.append(TarEntry.ExtendedAttribute(name: name, value: bytes))
    }

    private func number<Value: FixedWidthInteger>(
        _ text: ArraySlice<UInt8>, _ keyword: ArraySlice<UInt8>, radix: Int = 10
    ) throws(SnapshotError) -> Value {
        guard let first = text.first, first != UInt8(ascii: "+"),
            let value = Value(String(decoding: text, as: UTF8.self), radix: radix), value >= 0
        else { throw malformed("\(quote(keyword)) is not a number: \(quote(text.prefix(100)))") }
        return value
    }

    /// `SECONDS.NANOSECONDS`.
    private func time(
        _ text: ArraySlice<UInt8>, isWhole: Bool
    ) throws(SnapshotError) -> SnapshotEntry.Time {
        let parts = text.split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : []
        guard let seconds = Int64(String(decoding: parts[0], as: UTF8.self)),
            fraction.count <= 9, fraction.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw malformed("not a time: \(quote(text.prefix(100)))") }
        let nanoseconds = fraction.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
        return SnapshotEntry.Time(seconds: seconds, nanoseconds: isWhole ? nil : nanoseconds)
    }

    /// `native,MAJOR,MINOR`, with Linux's numbers; other systems' are passed over.
    private func device(_ text: ArraySlice<UInt8>) -> SnapshotEntry.Device? {
        let parts = text.split(separator: UInt8(ascii: ","))
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 3, parts[0] == "native" || parts[0] == "linux",
            let major = UInt32(parts[1]), let minor = UInt32(parts[2])
        else { return nil }
        return SnapshotEntry.Device(major: major, minor: minor)
    }

    private func malformed(_ problem: String) -> SnapshotError {
        .malformed(path: source, line: line, problem)
    }
}

import ByteStream
import Glibc
import Hashing
import OCI
import Tar

/// Parses the lines of a snapshot.
///
/// - Spec: mtree(5), Relative, Full and Special entries.
struct SnapshotParser {
    /// The most bytes that all paths together have.
    private static let pathsByteLimit = 1 << 30
    /// mtree(5) has some 30 keywords.
    private static let defaultLimit = 256
    private static let pathByteLimit = 64 << 10

    private let source: Path
    private var line = 0
    /// Defaults from `/set`: words like those of an entry.
    private var defaults: [(keyword: [UInt8], word: [UInt8])] = []
    /// The path lengths of the directories that relative entries have entered.
    private var entered: [Int] = []
    /// The path of the innermost one.
    private var current: [UInt8] = []
    private var hasRelativeEntries = false
    private var hasFullEntries = false

    /// Whether lines of `OwnKeywords` are read.
    private var hasOwnKeywords = false
    /// Whether an entry without extended attributes means that the file has none.
    private(set) var hasAttributes = false

    /// The names of recorded digests that cannot be compared.
    private(set) var otherDigests: Set<String> = []
    /// A digest of the current entry that is not supported.
    private var unknownDigest: String?
    private let available = Set(FileDigest.Algorithm.allCases.filter(\.isAvailable))

    private(set) var root: SnapshotEntry?
    private(set) var records: [Snapshot.Record] = []
    private(set) var paths: [UInt8] = []
    /// The contents of small files by path, from their tags.
    private(set) var contents: [[UInt8]: [UInt8]] = [:]

    init(path: Path) {
        source = path
    }

    /// - Parameters:
    ///   - text: a line that is not empty, and not a comment except `OwnKeywords`.
    ///   - line: its number, for messages.
    mutating func read(_ text: UnsafeRawBufferPointer, line: Int) throws(SnapshotError) {
        self.line = line
        if try plain(text) { return }
        var words = SnapshotWords(text)
        guard let name = words.next() else { return }
        if name.first == UInt8(ascii: "/") {
            try special(name, words)
        } else if name.first == UInt8(ascii: "#") {
            try comment(words)
        } else if name.elementsEqual("..".utf8) {
            guard let count = entered.popLast() else { throw malformed("'..' leaves the tree") }
            current.removeLast(current.count - count)
        } else {
            try entry(name, words)
        }
    }

    /// Reserves memory for a number of records.
    mutating func reserve(_ count: Int) { records.reserveCapacity(count) }

    /// Returns all records and removes them here.
    mutating func takeRecords() -> [Snapshot.Record] {
        defer { records = [] }
        return records
    }

    /// Parses a line of a plain file or of its inode, in the exact form of `oci-snapshot`.
    ///
    /// - Returns: false for other lines.
    private mutating func plain(_ text: UnsafeRawBufferPointer) throws(SnapshotError) -> Bool {
        guard hasOwnKeywords, defaults.isEmpty, let start = text.baseAddress,
            let end = memchr(start, CInt(UInt8(ascii: " ")), text.count)
        else { return false }
        let name = UnsafeRawBufferPointer(rebasing: text[..<(UnsafeRawPointer(end) - start)])
        let words = UnsafeRawBufferPointer(rebasing: text[name.count...])
        if name.first == UInt8(ascii: "#") {
            guard !records.isEmpty, name.count == 2,
                let (inode, changeTime) = PlainEntry.identity(words)
            else { return false }
            records[records.count - 1].entry.inode = inode
            if let changeTime { records[records.count - 1].entry.changeTime = changeTime }
            return true
        }
        for byte in name {
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/") || byte == 0 {
                return false
            }
        }
        guard name.first != UInt8(ascii: ".") || name.count > 2,
            let entry = PlainEntry.file(words)
        else { return false }
        let pathStart = paths.count
        paths += current
        if !current.isEmpty { paths.append(UInt8(ascii: "/")) }
        paths.append(contentsOf: name)
        try append(entry, from: pathStart)
        hasRelativeEntries = true
        return true
    }

    /// Adds the record of the last appended path.
    private mutating func append(
        _ entry: SnapshotEntry, from start: Int
    ) throws(SnapshotError) {
        guard paths.count <= SnapshotParser.pathsByteLimit,
            paths.count - start <= SnapshotParser.pathByteLimit
        else { throw .tooLarge(path: source, line: line) }
        records.append(Snapshot.Record(path: start..<paths.count, line: line, entry: entry))
    }

    /// States that no more lines come.
    ///
    /// - Parameter needsEnd: whether a text of full entries must also end with `..`.
    /// - Throws: `SnapshotError.empty`, and `.cut` when a directory was not left.
    func finish(_ lines: SnapshotLines, needsEnd: Bool = false) throws(SnapshotError) {
        if root == nil, records.isEmpty { throw .empty(path: source) }
        // Full entries need no '..', although their root may be a relative entry.
        if !entered.isEmpty, needsEnd || hasRelativeEntries || !hasFullEntries {
            throw .cut(path: source, line: lines.number)
        }
    }

    private mutating func special(
        _ name: UnsafeRawBufferPointer, _ words: SnapshotWords
    ) throws(SnapshotError) {
        var words = words
        if name.elementsEqual("/set".utf8) {
            while let word = words.next() {
                guard let (keyword, _) = SnapshotWords.pair(word) else { continue }
                defaults.removeAll { $0.keyword.elementsEqual(keyword) }
                guard defaults.count < SnapshotParser.defaultLimit else {
                    throw malformed("more than \(SnapshotParser.defaultLimit) defaults")
                }
                defaults.append((Array(keyword), Array(word)))
            }
        } else if name.elementsEqual("/unset".utf8) {
            var isAll = true
            while let word = words.next() {
                isAll = word.elementsEqual("all".utf8)
                if isAll { break }
                defaults.removeAll { $0.keyword.elementsEqual(word) }
            }
            if isAll { defaults.removeAll() }
        } else {
            throw malformed("\(quote(name)) is neither an entry nor '/set' or '/unset'")
        }
    }

    /// Parses one of our comments, about the previous entry or the whole text.
    private mutating func comment(_ words: SnapshotWords) throws(SnapshotError) {
        var words = words
        if !records.isEmpty || root != nil {
            guard hasOwnKeywords else { return }
            if var record = records.popLast() {
                while let word = words.next() { try set(word, of: &record.entry) }
                records.append(record)
            } else if var entry = root {
                while let word = words.next() { try set(word, of: &entry) }
                root = entry
            }
        } else if let word = words.next(), word.elementsEqual("version=1".utf8) {
            hasOwnKeywords = true
            hasAttributes = true
        }
    }

    private mutating func entry(
        _ name: UnsafeRawBufferPointer, _ words: SnapshotWords
    ) throws(SnapshotError) {
        let entry = try entry(words)
        let isFull = name.contains(UInt8(ascii: "/"))
        let start = paths.count
        try appendPath(name, isFull: isFull)
        if paths.count == start {
            guard root == nil else { throw malformed("the tree's own directory is there twice") }
            guard entry.kind == .directory else { throw malformed("the tree is no directory") }
            root = entry
            if !isFull { entered.append(0) }
            return
        }
        try append(entry, from: start)
        if let content = try content(words) { contents[Array(paths[start...])] = content }
        if isFull {
            hasFullEntries = true
            return
        }
        hasRelativeEntries = true
        if entry.kind == .directory {
            entered.append(current.count)
            current = Array(paths[start...])
        }
    }

    /// Appends the path of a name; nothing for the tree's own directory.
    private mutating func appendPath(
        _ name: UnsafeRawBufferPointer, isFull: Bool
    ) throws(SnapshotError) {
        let start = paths.count
        if !isFull { paths += current }
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
            if paths.count > start { paths.append(UInt8(ascii: "/")) }
            paths += bytes
        }
    }

    /// The entry of a line's keywords. Of duplicate keywords, the last counts.
    private mutating func entry(_ words: SnapshotWords) throws(SnapshotError) -> SnapshotEntry {
        var entry = SnapshotEntry(kind: .file)
        var hasType = false
        unknownDigest = nil
        for item in defaults {
            try item.word.withRawBytes { (word) throws(SnapshotError) in
                if try set(word, of: &entry) { hasType = true }
            }
        }
        var words = words
        while let word = words.next() {
            if try set(word, of: &entry) { hasType = true }
        }
        guard hasType else { throw malformed("no type") }
        if entry.kind != .file {
            entry.size = nil
            entry.content = nil
            entry.otherContents = []
        }
        if entry.content != nil {
            entry.otherContents = []
        } else if entry.kind == .file {
            chooseDigest(of: &entry)
        }
        if entry.kind != .symbolicLink { entry.linkTarget = nil }
        // For directories, file systems define this number differently.
        if entry.kind == .directory { entry.linkCount = nil }
        return entry
    }

    /// Keeps the strongest supported digest of an entry; records the names of digests when none is
    /// supported.
    private mutating func chooseDigest(of entry: inout SnapshotEntry) {
        let all = entry.otherContents
        let usable = FileDigest.Algorithm.allCases.filter(available.contains)
        entry.otherContents = Array(
            usable.compactMap { algorithm in all.first { $0.algorithm == algorithm } }.prefix(1))
        guard entry.otherContents.isEmpty else { return }
        otherDigests.formUnion(all.map(\.algorithm.rawValue))
        if let unknownDigest { otherDigests.insert(unknownDigest) }
    }

    /// Reads one word of an entry. Unknown words are skipped.
    ///
    /// - Returns: whether it was the type.
    @discardableResult
    private mutating func set(
        _ word: UnsafeRawBufferPointer, of entry: inout SnapshotEntry
    ) throws(SnapshotError) -> Bool {
        guard let (keyword, value) = SnapshotWords.pair(word) else { return false }
        func isKeyword(_ name: StaticString) -> Bool {
            guard keyword.count == name.utf8CodeUnitCount, let start = keyword.baseAddress else {
                return false
            }
            return memcmp(start, name.utf8Start, keyword.count) == 0
        }
        if isKeyword("type") {
            entry.kind = try kind(value)
            return true
        } else if isKeyword("mode") {
            entry.mode = try UInt32(exactly: number(value, keyword, radix: 8))
            if entry.mode == nil { throw notANumber(value, keyword) }
        } else if isKeyword("uid") {
            entry.uid = try number(value, keyword)
        } else if isKeyword("gid") {
            entry.gid = try number(value, keyword)
        } else if isKeyword("nlink") {
            entry.linkCount = try number(value, keyword)
        } else if isKeyword("size") {
            entry.size = try number(value, keyword)
        } else if isKeyword("time") {
            entry.time = try time(value, isWhole: false)
        } else if isKeyword("sha256digest") || isKeyword("sha256") {
            guard let digest = ContentDigest(hexadecimal: value) else {
                throw malformed("not a sha256: \(quote(value.prefix(100)))")
            }
            entry.content = digest
        } else if isKeyword("inode") {
            entry.inode = try number(value, keyword)
        } else if hasOwnKeywords, isKeyword("ctime") {
            entry.changeTime = try time(value, isWhole: false)
        } else if isKeyword("tar_time") {
            entry.time = try time(value, isWhole: true)
        } else if isKeyword("link") {
            guard let target = VisText.decode(value[...]) else {
                throw malformed("an unknown escape in a link")
            }
            entry.linkTarget = target
        } else if isKeyword("device") {
            entry.device = device(value)
        } else {
            try setOther(String(decoding: keyword, as: UTF8.self), value, of: &entry)
        }
        return false
    }

    private mutating func setOther(
        _ keyword: String, _ value: UnsafeRawBufferPointer, of entry: inout SnapshotEntry
    ) throws(SnapshotError) {
        for prefix in ["xattr.", "xattrs."] where keyword.hasPrefix(prefix) {
            hasAttributes = true
            let name = Array(keyword.utf8.dropFirst(prefix.utf8.count))
            return try addAttribute(name, value, isMore: false, to: &entry)
        }
        if hasOwnKeywords, keyword.hasPrefix("xattr+.") {
            let name = Array(keyword.utf8.dropFirst("xattr+.".utf8.count))
            return try addAttribute(name, value, isMore: true, to: &entry)
        }
        if let algorithm = FileDigest.Algorithm(keyword: keyword) {
            guard let digest = FileDigest(algorithm, hexadecimal: value) else {
                throw malformed("not a \(algorithm.rawValue): \(quote(value.prefix(100)))")
            }
            entry.otherContents.removeAll { $0.algorithm == algorithm }
            entry.otherContents.append(digest)
        } else if keyword == "cksum" {
            unknownDigest = keyword
        }
    }

    /// A file's content from `tags=data:BASE64`.
    private func content(_ words: SnapshotWords) throws(SnapshotError) -> [UInt8]? {
        var words = words
        while let word = words.next() {
            guard word.starts(with: "tags=".utf8) else { continue }
            let tags = word.dropFirst("tags=".utf8.count).split(separator: UInt8(ascii: ","))
            guard let tag = tags.first(where: { $0.starts(with: "data:".utf8) }) else { return nil }
            guard let bytes = Base64.decode(Array(tag.dropFirst("data:".utf8.count))) else {
                throw malformed("a tag that is not base64")
            }
            return bytes
        }
        return nil
    }

    /// - Parameter isMore: whether these bytes continue the attribute's value.
    private func addAttribute(
        _ text: [UInt8], _ value: UnsafeRawBufferPointer, isMore: Bool,
        to entry: inout SnapshotEntry
    ) throws(SnapshotError) {
        guard let name = VisText.decode(text[...]), !name.isEmpty,
            let bytes = Base64.decode(Array(value))
        else { throw malformed("not an attribute: \(quote(text.prefix(100)))") }
        var whole = bytes
        if let index = entry.extendedAttributes.firstIndex(where: { $0.name == name }) {
            let old = entry.extendedAttributes.remove(at: index)
            if isMore { whole = old.value + bytes }
        }
        let attribute = TarEntry.ExtendedAttribute(name: name, value: whole)
        let place = entry.extendedAttributes.firstIndex {
            name.lexicographicallyPrecedes($0.name)
        }
        entry.extendedAttributes.insert(attribute, at: place ?? entry.extendedAttributes.endIndex)
    }

    func malformed(_ problem: String) -> SnapshotError {
        .malformed(path: source, line: line, problem)
    }
}

import ByteStream
import Glibc

/// Paths relative to a source, sorted in the order of a walk, each once.
///
/// A path whose last component is `.wh.NAME` deletes NAME in the layers below.
///
/// A list whose first record is `beginMark` is complete only when its last record is `endMark`;
/// other lists do not prove that they are complete. No path can be a mark, because a layer has no
/// files named like whiteouts.
public struct PathList: Sendable {
    /// The first record of a list that ends with `endMark`.
    public static let beginMark: Path = ".wh..wh..list-begin"
    /// The last record of a list that begins with `beginMark`.
    public static let endMark: Path = ".wh..wh..list-end"

    private struct Range {
        let start: Int
        let count: Int
    }

    private enum Proof {
        case notBegun
        /// The list begins without a mark.
        case none
        case open
        case ended
    }

    private var bytes: [UInt8] = []
    private var ranges: [Range] = []
    private var proof = Proof.notBegun

    /// Reads the list to its end.
    ///
    /// - Parameter isNullSeparated: whether a zero byte ends each path, not a newline.
    /// - Throws: `TarError.unsupported` for an absolute path or one with `..`; `.cutList` when the
    ///   last path has no terminator, `endMark` is missing, or a pipe was empty: the writer of the
    ///   list was interrupted.
    public init(_ input: InputStream, isNullSeparated: Bool) throws(TarError) {
        let separator: UInt8 = isNullSeparated ? 0 : UInt8(ascii: "\n")
        var partial: [UInt8] = []
        try input.readParts(failure: TarError.stream) { (part) throws(TarError) in
            var rest = part[...]
            while let end = rest.firstIndex(of: separator) {
                try addRecord(partial + rest[..<end], of: input.path)
                partial.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            partial.append(contentsOf: rest)
        }
        guard partial.isEmpty else {
            throw .cutList(
                path: input.path,
                "the last path has no \(isNullSeparated ? "zero byte" : "newline") at its end")
        }
        if proof == .open { throw .cutList(path: input.path, PathList.missing) }
        if input.byteCount == 0, try PathList.isFromProcess(input) {
            throw .cutList(path: input.path, "it is empty")
        }
        sort()
    }

    private static let missing = "its last record is not \(endMark.quoted)"

    /// Whether another process writes the input. Then its end proves nothing.
    private static func isFromProcess(_ input: InputStream) throws(TarError) -> Bool {
        do {
            return [S_IFIFO, S_IFSOCK].contains(try input.descriptor.status().st_mode & S_IFMT)
        } catch {
            throw .stream(.read(path: input.path, error))
        }
    }

    /// Adds one record of the list.
    private mutating func addRecord(_ record: [UInt8], of list: Path) throws(TarError) {
        switch (proof, Path(record)) {
        case (.notBegun, PathList.beginMark): proof = .open
        case (.open, PathList.endMark): proof = .ended
        case (.ended, _): throw .cutList(path: list, PathList.missing)
        case (.notBegun, _), (.none, _), (.open, _):
            if proof == .notBegun { proof = .none }
            try add(record)
        }
    }

    public var count: Int { ranges.count }

    /// The paths in order.
    var paths: some Sequence<ArraySlice<UInt8>> {
        ranges.lazy.map { bytes[$0.start..<($0.start + $0.count)] }
    }

    private mutating func add(_ path: [UInt8]) throws(TarError) {
        if path.isEmpty { return }
        guard path.first != UInt8(ascii: "/") else {
            throw .unsupported(path: Path(path), "listed paths are relative to the source")
        }
        var components = path.split(separator: UInt8(ascii: "/"))
        components.removeAll { $0.elementsEqual(".".utf8) }
        guard !components.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw .unsupported(path: Path(path), "listed paths stay inside the source")
        }
        let start = bytes.count
        bytes += Path(joining: components).bytes
        ranges.append(Range(start: start, count: bytes.count - start))
    }

    private mutating func sort() {
        bytes.withUnsafeBufferPointer { bytes in
            func text(_ range: Range) -> UnsafeBufferPointer<UInt8> {
                UnsafeBufferPointer(rebasing: bytes[range.start..<(range.start + range.count)])
            }
            ranges.sort { PathList.precedes(text($0), text($1)) }
            var unique: [Range] = []
            unique.reserveCapacity(ranges.count)
            for range in ranges {
                if let last = unique.last, text(last).elementsEqual(text(range)) { continue }
                unique.append(range)
            }
            ranges = unique
        }
    }

    /// A directory before its contents, whiteouts before their siblings, names in byte order.
    package static func precedes(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let limit = min(left.count, right.count)
        var index = 0
        var componentStart = 0
        while index < limit, left[index] == right[index] {
            if left[index] == UInt8(ascii: "/") { componentStart = index + 1 }
            index += 1
        }
        let slash = UInt8(ascii: "/")
        // The paths are equal, or one is above the other.
        if index == limit {
            let longer = left.count > limit ? left : right
            if limit == 0 || longer.count == limit || longer[limit] == slash {
                return left.count < right.count
            }
        }
        let isWhiteout = (
            left: Whiteout.isName(left[componentStart...]),
            right: Whiteout.isName(right[componentStart...])
        )
        if isWhiteout.left != isWhiteout.right { return isWhiteout.left }
        if index == limit { return left.count < right.count }
        func rank(_ byte: UInt8) -> UInt8 { byte == slash ? 0 : byte }
        return rank(left[index]) < rank(right[index])
    }
}

extension TarWriter {
    /// Writes only the listed paths of the request's one source.
    ///
    /// Listed directories are not entered, and the directories above a path are not added.
    public func write(_ list: PathList, _ request: ArchiveRequest) throws(TarError) {
        let root = request.rootPath
        let source = try openDirectory(request.sources.first ?? ".")
        try recorder?.begin([.directory(source)])
        let filter = try OutputFilter(request.outputs, in: [source], warn: warn)
        let deletions = try writeDeletions(request)
        if request.writesParents { try writeParents(of: request.rootDirectory) }
        var chain = DirectoryChain(source)
        for path in list.paths {
            if path.isEmpty {
                if !root.isEmpty { try write(source, resolving: root) }
                continue
            }
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
            let name = Array(path[(slash.map { $0 + 1 } ?? path.startIndex)...])
            if Whiteout.isName(name) {
                guard Whiteout(name) != nil else {
                    throw .unsupported(path: Path(path), "a whiteout that deletes nothing")
                }
                let marker = try guide?.name(root + path) ?? root + path
                if !deletions.contains(marker) { try writeMarker(marker) }
                continue
            }
            if !request.excludes.isEmpty, request.excludes.excludes(path) { continue }
            if !filter.isEmpty, filter.excludes(source.path.appending(Path(path))) { continue }
            let above = path[..<(slash ?? path.startIndex)]
            if Whiteout.isInPath(above) {
                throw .whiteoutName(path: Path(path))
            }
            let parent = try chain.open(above)
            try write(name: name, in: parent, path: root + path)
        }
    }

    private func openDirectory(_ path: Path) throws(TarError) -> OpenDirectory {
        try path.withCString { (name) throws(TarError) in
            try OpenDirectory(name, path: path, followingLinks: true)
        }
    }

    /// Writes one name, a directory without its contents.
    private func write(
        name: [UInt8], in directory: OpenDirectory, path: [UInt8]
    ) throws(TarError) {
        try Path(name).withCString { (pointer) throws(TarError) in
            let type = try OpenDirectory.type(pointer, in: directory)
            if type == UInt8(DT_DIR) {
                let child = try OpenDirectory(
                    pointer, in: directory, path: directory.path.appending(Path(name)))
                try write(child, resolving: path + [UInt8(ascii: "/")])
            } else {
                try write(pointer, type: type, in: directory, resolving: path)
            }
        }
    }
}

/// The open directories from a source down to that of the last path; sorted paths share most of
/// them.
private struct DirectoryChain {
    private let root: OpenDirectory
    private var links: [(name: [UInt8], directory: OpenDirectory)] = []

    init(_ root: OpenDirectory) {
        self.root = root
    }

    /// Opens the directory at `path`, relative to the root, without following symbolic links.
    mutating func open(_ path: ArraySlice<UInt8>) throws(TarError) -> OpenDirectory {
        let components = path.split(separator: UInt8(ascii: "/")).map(Array.init)
        var depth = 0
        while depth < min(links.count, components.count), links[depth].name == components[depth] {
            depth += 1
        }
        links.removeLast(links.count - depth)
        for name in components[depth...] {
            let parent = links.last?.directory ?? root
            let child = try Path(name).withCString { (pointer) throws(TarError) in
                try OpenDirectory(
                    pointer, in: parent, path: parent.path.appending(Path(name)))
            }
            links.append((name, child))
        }
        return links.last?.directory ?? root
    }
}

import ByteStream
import Glibc

/// Receives the entries of a walk, in the order of the tar.
package protocol TreeVisitor: AnyObject {
    /// Visits a directory, which is open during the call.
    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError)

    /// Visits anything but a directory.
    ///
    /// - Parameters:
    ///   - name: the name in `directory`; like `path`, valid during the call.
    ///   - type: a `DT_` constant.
    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError)

    /// Reports a directory that was listed but is not an entry itself; open during the call.
    func pass(_ directory: OpenDirectory, path: [UInt8]) throws(TarError)
}

extension TreeVisitor {
    package func pass(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {}
}

/// A visitor that may do its work after the call.
package protocol WalkVisitor: TreeVisitor {
    /// Waits until all work is done.
    ///
    /// - Throws: the first error, in the order of the tar.
    func finish() throws(TarError)

    /// Drops unfinished work, because the walk failed.
    func cancel()
}

/// Receives the entries of a tar instead of its bytes.
package protocol EntryRecorder: WalkVisitor {
    /// Called first, before the sources are read.
    func begin(_ sources: [TreeSource]) throws(TarError)

    /// Records an entry that is not a file of the sources: a deletion, or a directory above them.
    func record(_ entry: TarEntry) throws(TarError)
}

extension TarWriter: TreeVisitor {
    package func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try writeDirectory(directory, path: path)
    }

    package func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        try write(name, type: type, in: directory, path: path)
    }
}

/// Excludes paths of certain sources.
struct SourceFilter {
    /// Whether a path under an excluded directory can be included again.
    let hasExceptions: Bool
    /// Whether a path, in the form of `OpenDirectory`, is missing from its source.
    let excludes: (Path) -> Bool
    /// Outputs, which are left out with everything below them, whatever the patterns say.
    var outputs = OutputFilter()

    /// The names that are not outputs.
    func withoutOutputs(
        _ names: ArraySlice<DirectoryListing.Name>, of listing: DirectoryListing,
        _ sources: [TreeSource]
    ) -> ArraySlice<DirectoryListing.Name> {
        if outputs.isEmpty { return names }
        return names.filter { !outputs.excludes(path($0, of: listing, sources)) }[...]
    }

    /// Those of several equal names that are not excluded.
    func kept(
        _ names: ArraySlice<DirectoryListing.Name>, of listing: DirectoryListing,
        _ sources: [TreeSource]
    ) -> ArraySlice<DirectoryListing.Name> {
        names.filter { !excludes(path($0, of: listing, sources)) }[...]
    }

    private func path(
        _ name: DirectoryListing.Name, of listing: DirectoryListing, _ sources: [TreeSource]
    ) -> Path {
        let owner = sources[Int(name.source)].owner
        return listing.withName(name) { pointer, _ in
            owner.path.appending(Path(cString: pointer))
        }
    }
}

/// Walks one or several trees as one merged tree: a directory before its contents, names in byte
/// order.
///
/// When two trees have the same path, the later tree replaces the earlier, with a warning;
/// directories are merged. A path that is a directory in one tree and another type in another tree
/// is an error.
package struct TreeWalker {
    private let visitor: any TreeVisitor
    private var excludes: ExcludeMatcher
    /// Whether a path under an excluded directory can be included again.
    private let hasExceptions: Bool
    /// Excludes paths of the sources, in addition to `excludes`.
    var filter: SourceFilter?
    private let refusesWhiteoutNames: Bool
    private let warn: (String) -> Void
    /// The path in the tar of the current directory, with its trailing slash.
    private var path: [UInt8]
    /// The number of bytes of `path` before the part below the source.
    private let rootByteCount: Int
    private let buffer: UnsafeMutableRawBufferPointer
    /// Excluded directories in which a path may still be included again.
    private var pending: [(directory: OpenDirectory, path: [UInt8])] = []

    /// A directory above the trees that is an entry of the tar too, when one of their paths is.
    package typealias Parent = (directory: OpenDirectory, name: [UInt8])

    /// - Parameters:
    ///   - root: the path in the tar of the trees: empty, or with a trailing slash.
    ///   - parents: directories below the root that the trees are in, the topmost first; `excludes`
    ///     match their names too.
    ///   - refusesWhiteoutNames: whether a file that is named like a whiteout is an error.
    ///   - buffer: at least 64 KiB, used only by the walk while it runs.
    package init(
        root: [UInt8], parents: [Parent] = [], excludes: ExcludePatterns,
        refusesWhiteoutNames: Bool = true, visitor: any TreeVisitor,
        buffer: UnsafeMutableRawBufferPointer, warn: @escaping (String) -> Void
    ) {
        self.visitor = visitor
        self.excludes = ExcludeMatcher(excludes)
        hasExceptions = excludes.hasExceptions
        self.refusesWhiteoutNames = refusesWhiteoutNames
        self.warn = warn
        self.buffer = buffer
        path = root
        rootByteCount = root.count
        for (directory, name) in parents {
            path += name
            enter()
            path.append(UInt8(ascii: "/"))
            pending.append((directory, path))
        }
    }

    /// Visits the files, and the contents of the directories but not the directories themselves.
    package mutating func walk(_ sources: [TreeSource]) throws(TarError) {
        let listing = try DirectoryListing(sources, buffer: buffer)
        var index = 0
        while index < listing.names.count {
            var end = index + 1
            if sources.count > 1 {
                while end < listing.names.count,
                    listing.isSame(listing.names[index], listing.names[end])
                {
                    end += 1
                }
            }
            try visit(listing.names[index..<end], of: listing, sources)
            index = end
        }
    }

    /// Visits one name in one or several directories.
    private mutating func visit(
        _ all: ArraySlice<DirectoryListing.Name>, of listing: DirectoryListing,
        _ sources: [TreeSource]
    ) throws(TarError) {
        let present = filter.map { $0.withoutOutputs(all, of: listing, sources) } ?? all
        guard let shown = present.last else { return }
        let pathByteCount = path.count
        defer { path.removeLast(path.count - pathByteCount) }
        listing.withName(shown) { _, bytes in path.append(contentsOf: bytes) }
        let hasExceptions = self.hasExceptions || filter?.hasExceptions ?? false
        let isLeftOut =
            !excludes.isEmpty
            && path.withUnsafeBytes { path in
                excludes.excludes(
                    UnsafeRawBufferPointer(rebasing: path[rootByteCount...]),
                    nameOffset: pathByteCount - rootByteCount)
            }
        let kept =
            isLeftOut ? [] : filter.map { $0.kept(present, of: listing, sources) } ?? present
        let isExcluded = kept.isEmpty
        if isExcluded, !(shown.type == UInt8(DT_DIR) && hasExceptions) { return }
        let names = isExcluded ? present : kept
        guard let last = names.last else { return }
        let owner = sources[Int(last.source)].owner
        let isDirectory = last.type == UInt8(DT_DIR)
        if refusesWhiteoutNames, !isExcluded, Whiteout.isName(path[pathByteCount...]) {
            throw .whiteoutName(path: owner.path.appending(Path(path[pathByteCount...])))
        }
        guard names.allSatisfy({ ($0.type == UInt8(DT_DIR)) == isDirectory }) else {
            throw .clash(path: Path(path))
        }

        if isDirectory {
            try descend(names, of: listing, sources, isExcluded: isExcluded)
            return
        }
        if names.count > 1 {
            warn("\(Path(path).quoted) is in \(names.count) sources; the last one counts")
        }
        try visitPending()
        try listing.withName(last) { (name, _) throws(TarError) in
            try path.withRawBytes { (path) throws(TarError) in
                try visitor.visit(name, type: last.type, in: owner, path: path)
            }
        }
    }

    private mutating func descend(
        _ names: ArraySlice<DirectoryListing.Name>, of listing: DirectoryListing,
        _ sources: [TreeSource], isExcluded: Bool
    ) throws(TarError) {
        var children: [OpenDirectory] = []
        for name in names {
            let parent = sources[Int(name.source)].owner
            children.append(
                try listing.withName(name) { (pointer, bytes) throws(TarError) in
                    try OpenDirectory(
                        pointer, in: parent, path: parent.path.appending(Path(bytes)))
                })
        }
        guard let last = children.last else { return }
        for child in isExcluded ? children[...] : children.dropLast() {
            try visitor.pass(child, path: path + [UInt8(ascii: "/")])
        }
        enter()
        defer { excludes.leave() }
        path.append(UInt8(ascii: "/"))
        if isExcluded {
            pending.append((last, path))
        } else {
            try visitPending()
            try visitor.visit(last, path: path)
        }
        let pendingCount = pending.count
        try walk(children.map { TreeSource.directory($0) })
        if isExcluded, pending.count == pendingCount { pending.removeLast() }
    }

    /// Tells the patterns that the path is a directory of the current one.
    private mutating func enter() {
        guard !excludes.isEmpty else { return }
        let nameOffset = (path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        path.withUnsafeBytes { path in
            excludes.enter(
                UnsafeRawBufferPointer(rebasing: path[rootByteCount...]),
                nameOffset: nameOffset - rootByteCount)
        }
    }

    /// Visits the excluded directories above an included path, which needs their entries.
    private mutating func visitPending() throws(TarError) {
        guard !pending.isEmpty else { return }
        for (directory, path) in pending {
            guard !(refusesWhiteoutNames && Whiteout.isName(directory.path.name.bytes)) else {
                throw .whiteoutName(path: directory.path)
            }
            try visitor.visit(directory, path: path)
        }
        pending.removeAll()
    }
}

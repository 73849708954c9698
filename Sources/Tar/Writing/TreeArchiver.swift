import ByteStream
import CSystem
import Glibc

/// The sources of a layer tar, and their paths in the image.
public struct ArchiveRequest: Sendable {
    /// Directories, whose contents go into the root directory, and files, which go into it under
    /// their names.
    public var sources: [Path] = ["."]
    /// The path in the image as components, without `.` and `..`; empty for `/`.
    public var rootDirectory: [[UInt8]] = []
    /// Whether the directories above the root directory are written too.
    public var writesParents = false
    /// The name of the one source, which must be a file, relative to the root directory: components
    /// without `.` and `..`.
    public var name: [[UInt8]]?
    public var excludes = ExcludePatterns()
    /// Files and directories that are written at the same time, and are left out of the sources.
    public var outputs: [Path] = []
    /// Paths to delete from the layers below, absolute in the image, as components.
    public var whiteouts: [[[UInt8]]] = []
    /// Directories whose contents in the layers below are hidden.
    public var opaqueDirectories: [[[UInt8]]] = []
    /// The numbers of entries of another tar that are left out, because a later one replaces them.
    var replacedEntries: Set<Int> = []

    public init() {}

    /// The root directory as a path in the tar: empty, or with a trailing slash.
    var rootPath: [UInt8] { joined(rootDirectory, asDirectory: true) }
}

/// Joins components with slashes.
private func joined(_ components: some Collection<[UInt8]>, asDirectory: Bool) -> [UInt8] {
    var path = Path(joining: components).bytes
    if asDirectory, !path.isEmpty { path.append(UInt8(ascii: "/")) }
    return path
}

extension TreeSource {
    /// Opens a source: a directory, also through a symbolic link, or a file.
    ///
    /// - Parameter parents: the directories of files that are already open.
    init(_ path: Path, _ parents: inout [Path: OpenDirectory]) throws(TarError) {
        do {
            let directory = try path.withCString { (name) throws(TarError) in
                try OpenDirectory(name, path: path, followingLinks: true)
            }
            self = .directory(directory)
        } catch {
            guard case .open(_, let errno) = error, path.bytes.last != UInt8(ascii: "/"),
                errno == .notDirectory || TreeSource.isLink(path)
            else { throw error }
            let parent =
                path.bytes.lastIndex(of: UInt8(ascii: "/")).map { Path(path.bytes[...$0]) } ?? ""
            let directory: OpenDirectory
            if let known = parents[parent] {
                directory = known
            } else {
                do throws(TarError) {
                    directory = try TreeSource.open(parent)
                } catch {
                    guard case .open(_, let errno) = error else { throw error }
                    // The user named the file, not the directory.
                    throw .open(path: path, errno)
                }
                parents[parent] = directory
            }
            guard !TreeSource.isLink(path) || !directory.isOfProcesses else {
                throw .unsupported(
                    path: path,
                    "an open file of a process, not a file; a tar is read from stdin or by "
                        + "--from-tar")
            }
            self = .file(name: path.name, in: directory)
        }
    }

    private static func open(_ directory: Path) throws(TarError) -> OpenDirectory {
        try (directory.isEmpty ? "." : directory).withCString { (name) throws(TarError) in
            try OpenDirectory(name, path: directory, followingLinks: true)
        }
    }

    /// Whether the path is a symbolic link, even a dangling one.
    private static func isLink(_ path: Path) -> Bool {
        path.fileType(followingLink: false) == S_IFLNK
    }
}

/// `PROC_SUPER_MAGIC` of linux/magic.h.
private let processFileSystem: UInt32 = 0x9FA0

extension OpenDirectory {
    /// Whether the directory is on a file system of processes, such as `/dev/fd`. Its links lead to
    /// open files; their targets are not always paths.
    fileprivate var isOfProcesses: Bool {
        system_file_system_type(descriptor) == processFileSystem
    }
}

extension TarWriter {
    /// Writes the trees and files of a request, deletions first, but not the end of the archive.
    ///
    /// - Throws: `TarError`. Then the output has no end, and the caller must not write one.
    public func write(_ request: ArchiveRequest) throws(TarError) {
        OpenDirectory.raiseLimit()
        try OutputFilter.check(request.outputs, areNotIn: request.sources)
        var parents: [Path: OpenDirectory] = [:]
        var sources: [TreeSource] = []
        for path in request.sources { sources.append(try TreeSource(path, &parents)) }
        try recorder?.begin(sources)
        let directories = sources.compactMap { source -> OpenDirectory? in
            if case .directory(let directory) = source { directory } else { nil }
        }
        let filter = try OutputFilter(request.outputs, in: directories, warn: warn)
        try writeDeletions(request)
        if let name = request.name { return try write(sources, as: name, request) }
        if request.writesParents { try writeParents(of: request.rootDirectory) }
        let root = request.rootPath
        if let directory = directories.last, !root.isEmpty {
            try write(directory, resolving: root)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let visitor: any WalkVisitor = recorder ?? AdaptiveVisitor(self)
        var walker = TreeWalker(
            root: root, excludes: request.excludes,
            visitor: guide.map { GuidedVisitor(visitor, $0) } ?? visitor, buffer: buffer, warn: warn
        )
        if !filter.isEmpty {
            walker.filter = SourceFilter(hasExceptions: false, excludes: filter.excludes)
        }
        do {
            try walker.walk(sources)
        } catch {
            visitor.cancel()
            throw error
        }
        try visitor.finish()
    }

    /// Writes one file under another name.
    private func write(
        _ sources: [TreeSource], as name: [[UInt8]], _ request: ArchiveRequest
    ) throws(TarError) {
        let path = request.rootDirectory + name
        guard let source = sources.first else { return }
        guard case .file(let file, let directory) = source else {
            throw .unsupported(
                path: source.owner.path, "a directory, where one file gets another name")
        }
        if request.writesParents { try writeParents(of: path) }
        try file.withCString { (pointer) throws(TarError) in
            let type = try OpenDirectory.type(pointer, in: directory)
            try write(
                pointer, type: type, in: directory, resolving: joined(path, asDirectory: false))
        }
    }

    /// Writes whiteouts in byte order, before everything else: they apply only to the layers below.
    ///
    /// - Returns: their paths, which must not occur again.
    /// - Spec: image-spec v1.1.1, layer.md, Whiteouts and Opaque Whiteout.
    @discardableResult
    func writeDeletions(_ request: ArchiveRequest) throws(TarError) -> Set<[UInt8]> {
        var opaque: Set<[UInt8]> = []
        for path in request.opaqueDirectories {
            opaque.insert(try resolve(joined(path, asDirectory: true)) + Whiteout.opaque.name)
        }
        var whiteouts: Set<[UInt8]> = []
        for path in request.whiteouts {
            let parent = try resolve(joined(path.dropLast(), asDirectory: true))
            whiteouts.insert(parent + Whiteout.sibling(path.last ?? []).name)
        }
        for markers in [opaque, whiteouts] {
            for path in markers.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                try writeMarker(path)
            }
        }
        return opaque.union(whiteouts)
    }

    /// Writes the strict ancestors of a directory with their attributes in the base, or else with
    /// the policy's owner and mode 0755.
    func writeParents(of directory: [[UInt8]]) throws(TarError) {
        let path = try resolve(joined(directory, asDirectory: false))
        let components = path.split(separator: UInt8(ascii: "/")).map(Array.init)
        for count in 1..<max(components.count, 1) {
            let path = joined(Array(components[..<count]), asDirectory: true)
            guard try guide?.claim(path, isDirectory: true) ?? true else { continue }
            if var entry = try guide?.attributes(of: Array(path.dropLast())) {
                entry.path = path
                try write(entry)
                continue
            }
            var entry = TarEntry(kind: .directory, path: path, mode: 0o755)
            encoder.policy.apply(toMade: &entry)
            try write(entry)
        }
    }

    /// The path of a directory, resolved through the base when there is one.
    func resolve(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        guard let guide else { return path }
        return try guide.directory(path)
    }

    /// Writes a directory once, at its resolved path.
    func write(_ directory: OpenDirectory, resolving path: [UInt8]) throws(TarError) {
        let resolved = try resolve(path)
        guard !resolved.isEmpty, try guide?.claim(resolved, isDirectory: true) ?? true
        else { return }
        try writeDirectory(directory, path: resolved)
    }

    /// Writes anything but a directory at its resolved path.
    ///
    /// - Parameter type: the `DT_` constant of the listing.
    func write(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        resolving path: [UInt8]
    ) throws(TarError) {
        let resolved = try guide?.file(path) ?? path
        _ = try guide?.claim(resolved, isDirectory: false)
        try resolved.withRawBytes { (path) throws(TarError) in
            try write(name, type: type, in: directory, path: path)
        }
    }
}

import ByteStream
import CSystem
import Glibc

/// A source of a copy: a directory's contents, or a file.
struct CopySource {
    let tree: TreeSource
    /// The file name in the source as it is written, which may be that of a link.
    let name: [UInt8]
    /// Relative to the context, without links on its way.
    let path: [UInt8]
    /// Whether it is of an inline directory.
    var isInline = false

    var isDirectory: Bool {
        switch tree {
        case .directory: true
        case .file, .renamed: false
        }
    }
}

/// Finds sources in a context; no path leads out of it.
struct CopyContext {
    private let root: ConfinedRoot
    private let path: Path
    /// The absolute path of the root, to make paths relative to it.
    private let realPath: [UInt8]
    private let excludes: ExcludePatterns
    /// Files that are written in the context during the copy, and are left out.
    private(set) var outputs = OutputFilter()

    /// - Parameter outputs: files and directories that are left out where they are in the context.
    /// - Throws: `TarError.open`, `.outputIsSource`.
    init(
        _ path: Path, excludes: ExcludePatterns, outputs: [Path] = []
    ) throws(TarError) {
        self.path = path
        self.excludes = excludes
        do throws(Errno) {
            root = try ConfinedRoot(path)
            realPath = try root.open("", flags: system_O_PATH).realPath().bytes
        } catch {
            throw .open(path: path, error)
        }
        if !outputs.isEmpty, let top = try openDirectory("", of: []) {
            self.outputs = try OutputFilter(outputs, in: [top]) { _ in }
        }
    }

    /// The files that a source matches, in byte order; a pattern may match none.
    ///
    /// - Parameter warn: called for each output that a pattern matches, which is left out.
    /// - Throws: `TarError.missing` for a path that does not exist or is excluded.
    func find(
        _ source: [UInt8], warn: (String) -> Void = { _ in }
    ) throws(TarError) -> [CopySource] {
        let components = CopyContext.components(source)
        guard let first = components.firstIndex(where: { CopyContext.isPattern($0) }) else {
            return [try open(components.map(CopyContext.unescaped), of: source)]
        }
        let fixed = components[..<first].map(CopyContext.unescaped)
        let directory: CopySource
        do {
            directory = try open(Array(fixed), of: source)
        } catch {
            if case .missing = error { return [] }
            throw error
        }
        guard case .directory(let opened) = directory.tree else { return [] }
        var found: [[UInt8]] = []
        try match(
            components[first...], in: opened, below: directory.path, of: source, &found)
        var sources: [CopySource] = []
        for path in found {
            let file = self.path.appending(Path(path))
            if outputs.excludes(file) {
                warn(OutputFilter.warning(file, in: self.path))
                continue
            }
            sources.append(try open(CopyContext.components(path), of: path))
        }
        return sources
    }

    /// The directory at a path, whose components are names without patterns; nil when there is
    /// none.
    func directory(_ components: [[UInt8]], of source: [UInt8]) throws(TarError) -> CopySource? {
        do {
            let found = try open(components, of: source)
            return found.isDirectory ? found : nil
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Whether the excludes leave out a path, given by the name of an open directory.
    func excludes(_ path: Path) -> Bool {
        guard !excludes.isEmpty, path.bytes.starts(with: self.path.bytes) else { return false }
        let relative = path.bytes[self.path.bytes.count...].drop { $0 == UInt8(ascii: "/") }
        return !relative.isEmpty && excludes.excludes(relative)
    }

    var hasExceptions: Bool { excludes.hasExceptions }

    // MARK: paths

    /// Components without `.`; `..` leads at most to the context itself.
    static func components(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).reduce(into: []) { components, component in
            if component.elementsEqual(".".utf8) { return }
            if component.elementsEqual("..".utf8) {
                _ = components.popLast()
            } else {
                components.append(Array(component))
            }
        }
    }

    /// Whether a component has a wildcard that is not escaped.
    static func isPattern(_ component: [UInt8]) -> Bool {
        var isEscaped = false
        for byte in component {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "[")].contains(byte) {
                return true
            }
        }
        return false
    }

    static func unescaped(_ component: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isEscaped = false
        for byte in component {
            if byte == UInt8(ascii: "\\"), !isEscaped {
                isEscaped = true
            } else {
                isEscaped = false
                result.append(byte)
            }
        }
        return isEscaped ? result + [UInt8(ascii: "\\")] : result
    }

    // MARK: opening

    /// Opens a path; a link at its last component is followed too.
    private func open(
        _ components: [[UInt8]], of source: [UInt8]
    ) throws(TarError) -> CopySource {
        let relative = Path(joining: components)
        let real = try realComponents(relative, of: source)
        let realRelative = Path(joining: real).bytes
        let isExcluded = !realRelative.isEmpty && excludes.excludes(realRelative)
        if let directory = try openDirectory(Path(realRelative), of: source) {
            // An exception may include paths in it.
            if isExcluded && !hasExceptions {
                throw .missing(path: Path(source), .excluded)
            }
            return CopySource(
                tree: .directory(directory), name: components.last ?? [], path: realRelative)
        }
        if isExcluded { throw .missing(path: Path(source), .excluded) }
        let parent = Path(joining: real.dropLast())
        guard let name = real.last, let written = components.last,
            let directory = try openDirectory(parent, of: source)
        else { throw .missing(path: Path(source), .absent) }
        return CopySource(
            tree: name == written
                ? .file(name: Path(name), in: directory)
                : .renamed(name: Path(name), as: Path(written), in: directory),
            name: written, path: realRelative)
    }

    /// The path without links on its way, below the context.
    private func realComponents(
        _ relative: Path, of source: [UInt8]
    ) throws(TarError) -> [[UInt8]] {
        if relative.isEmpty { return [] }
        do throws(Errno) {
            let real = try root.open(relative, flags: system_O_PATH).realPath().bytes
            let prefix = realPath == Array("/".utf8) ? [] : realPath
            guard real.starts(with: prefix) else { throw Errno.noEntry }
            return real[prefix.count...].split(separator: UInt8(ascii: "/")).map(Array.init)
        } catch {
            guard [.noEntry, .notDirectory, .tooManyLinks].contains(error) else {
                throw .open(path: path.appending(relative), error)
            }
            throw .missing(path: Path(source), isLink(relative) ? .danglingLink : .absent)
        }
    }

    /// Whether there is a symbolic link at a path.
    private func isLink(_ relative: Path) -> Bool {
        do throws(Errno) {
            let file = try root.open(relative, flags: system_O_PATH | O_NOFOLLOW)
            var status = stat()
            let result = withExtendedLifetime(file) { fstat(file.rawValue, &status) }
            return result == 0 && status.st_mode & S_IFMT == S_IFLNK
        } catch {
            return false
        }
    }

    /// - Returns: nil for anything but a directory.
    private func openDirectory(
        _ relative: Path, of source: [UInt8]
    ) throws(TarError) -> OpenDirectory? {
        let file: OwnedDescriptor
        do throws(Errno) {
            file = try root.open(relative, flags: system_O_PATH | O_DIRECTORY)
        } catch {
            if error == .notDirectory { return nil }
            throw .open(path: path.appending(relative), error)
        }
        let shown = relative.isEmpty ? path : path.appending(relative)
        return try withExtendedLifetime(file) { () throws(TarError) in
            try Path(".").withCString { (name) throws(TarError) in
                try OpenDirectory(name, in: file.rawValue, path: shown)
            }
        }
    }

    // MARK: patterns

    /// Collects the paths whose components match. A matching directory is not searched further.
    private func match(
        _ patterns: ArraySlice<[UInt8]>, in directory: OpenDirectory, below path: [UInt8],
        of source: [UInt8], _ found: inout [[UInt8]]
    ) throws(TarError) {
        guard let pattern = patterns.first else { return }
        guard let glob = WildcardSyntax.parts(pattern).map(Glob.init) else {
            throw .unsupported(path: Path(source), "a malformed pattern")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let listing = try DirectoryListing([.directory(directory)], buffer: buffer)
        for name in listing.names {
            let bytes = listing.withName(name) { _, bytes in Array(bytes) }
            guard glob.matches(name: bytes) else { continue }
            let below = path.isEmpty ? bytes : path + [UInt8(ascii: "/")] + bytes
            let isDirectory = name.type == UInt8(DT_DIR)
            if excludes.excludes(below), !(isDirectory && hasExceptions) { continue }
            if patterns.count == 1 {
                found.append(below)
            } else if isDirectory {
                let child = try listing.withName(name) { (pointer, bytes) throws(TarError) in
                    try OpenDirectory(
                        pointer, in: directory.descriptor,
                        path: directory.path.appending(Path(bytes)))
                }
                try match(patterns.dropFirst(), in: child, below: below, of: source, &found)
            }
        }
    }
}

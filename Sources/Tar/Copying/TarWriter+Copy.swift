import ByteStream
import Glibc

extension TarWriter {
    /// Writes what a COPY adds to an image, but not the end of the archive.
    ///
    /// Without sources, only the destination directory is made.
    ///
    /// A directory's contents are merged into the destination. Missing directories above the
    /// destination, and the destination itself, get mode 0755 and the policy's owner; existing ones
    /// stay as they are. Directories inside get the attributes of the source's directories.
    ///
    /// - Throws: `TarError.missing` for a source that does not exist; `.clash` when a directory of
    ///   the base would become another type or the reverse. Then the output has no end, and the
    ///   caller must not write one.
    /// - Spec: Dockerfile reference, "COPY"; BuildKit where that is silent.
    public func write(_ request: CopyRequest, over base: any LayerBase) throws(TarError) {
        OpenDirectory.raiseLimit()
        let context = try CopyContext(
            request.context, excludes: request.contextExcludes, outputs: request.outputs)
        if request.keepsParents {
            try writeKeepingParents(request, context, over: base)
            return
        }
        var sources: [CopySource] = []
        for source in request.sources { sources += try context.find(source, warn: warn) }
        try warnOfOutputs(request.outputs, in: sources)
        if let directory = request.inlineDirectory {
            sources += try CopyContext(directory, excludes: ExcludePatterns())
                .find(Array("*".utf8))
        }
        // All sources are patterns without a match.
        if sources.isEmpty, !request.sources.isEmpty || request.inlineDirectory != nil { return }
        let destination = try CopyDestination(request.destination, in: base)
        if request.unpacks {
            sources = try writeArchives(of: sources, request, to: destination, over: base)
            if sources.isEmpty { return }
        }
        let hasDirectory = sources.contains { $0.isDirectory }
        if sources.count > 1, !destination.isDirectory {
            throw .unsupported(
                path: Path(request.destination),
                "several sources need a destination that ends with '/'")
        }
        if !hasDirectory, !destination.isDirectory, destination.path.entry?.kind != .directory,
            let source = sources.first
        {
            try writeFile(source, to: destination, over: base)
        } else {
            let root = try writeDirectories(destination.path.components, over: base)
            try walk(sources.map(\.tree), root: root, request.excludes, context, over: base)
        }
    }

    /// Warns of outputs that are in the sources, and so are left out.
    ///
    /// - Throws: `TarError.outputIsSource` when a source is an output itself.
    private func warnOfOutputs(
        _ outputs: [Path], in sources: [CopySource]
    ) throws(TarError) {
        _ = try OutputFilter(
            outputs, in: sources.filter(\.isDirectory).map(\.tree.owner), warn: warn)
    }

    /// Writes the contents of sources that are archives.
    ///
    /// - Returns: the other sources.
    private func writeArchives(
        of sources: [CopySource], _ request: CopyRequest, to destination: CopyDestination,
        over base: any LayerBase
    ) throws(TarError) -> [CopySource] {
        var others: [CopySource] = []
        for source in sources {
            guard let archive = try CopyArchive(source.tree) else {
                others.append(source)
                continue
            }
            try writeDirectories(destination.path.components, over: base)
            let writer = TarWriter(
                output, policy: request.archivePolicy, list: list, warn: warn)
            try archive.write(
                to: writer, below: destination.path.components, over: base)
        }
        return others
    }

    /// Writes one file under a given name.
    private func writeFile(
        _ source: CopySource, to destination: CopyDestination, over base: any LayerBase
    ) throws(TarError) {
        let parent = destination.path.components.dropLast()
        try writeDirectories(Array(parent), over: base)
        let path = destination.path.bytes
        try CopyVisitor.checkName(
            destination.path.components.last ?? [], of: source.tree.owner.path)
        let name: Path
        switch source.tree {
        case .directory: return
        case .file(let file, _), .renamed(let file, _, _): name = file
        }
        try name.withCString { (name) throws(TarError) in
            let type = try OpenDirectory.type(name, in: source.tree.owner)
            try path.withRawBytes { (path) throws(TarError) in
                try write(name, type: type, in: source.tree.owner, path: path)
            }
        }
    }

    /// Writes the directories of a path that the base does not have.
    ///
    /// - Returns: the path with a slash at its end; empty for the root.
    @discardableResult
    private func writeDirectories(
        _ components: [[UInt8]], over base: any LayerBase
    ) throws(TarError) -> [UInt8] {
        var path: [UInt8] = []
        for component in components {
            try CopyVisitor.checkName(component, of: Path(path))
            if let entry = try base.entry(at: path + component) {
                guard entry.kind == .directory else {
                    throw .overBase(
                        path: Path(path + component), base: Path(path + component),
                        isDirectory: true)
                }
            } else {
                var entry = TarEntry(
                    kind: .directory, path: path + component + [UInt8(ascii: "/")], mode: 0o755)
                encoder.policy.apply(to: &entry)
                if case .keep(let latest) = encoder.policy.time {
                    entry.modificationTime = latest ?? 0
                }
                try write(entry)
            }
            path += component + [UInt8(ascii: "/")]
        }
        return path
    }

    private func walk(
        _ sources: [TreeSource], root: [UInt8], _ excludes: ExcludePatterns,
        _ context: CopyContext, over base: any LayerBase
    ) throws(TarError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let next = AdaptiveVisitor(self)
        var walker = TreeWalker(
            root: root, excludes: excludes, visitor: CopyVisitor(next, over: base),
            buffer: buffer, warn: warn)
        walker.filter = SourceFilter(
            hasExceptions: context.hasExceptions, excludes: context.excludes,
            outputs: context.outputs)
        do {
            try walker.walk(sources)
        } catch {
            next.cancel()
            throw error
        }
        try next.finish()
    }

    /// Writes sources under their own paths, with the directories above them as they are.
    private func writeKeepingParents(
        _ request: CopyRequest, _ context: CopyContext, over base: any LayerBase
    ) throws(TarError) {
        // For each pivot, a walk that excludes everything but the sources.
        var groups: [(pivot: [UInt8], patterns: [[UInt8]])] = []
        for source in request.sources {
            let (pivot, path) = splitPivot(source)
            if !path.contains(where: { CopyContext.isPattern($0) }) {
                _ = try context.find(pivot + Array("/".utf8) + joinedPath(path))
            }
            if let index = groups.firstIndex(where: { $0.pivot == pivot }) {
                groups[index].patterns.append(joinedPath(path))
            } else {
                groups.append((pivot, [joinedPath(path)]))
            }
        }
        let destination = try CopyDestination(request.destination, in: base)
        let root = try writeDirectories(destination.path.components, over: base)
        guard groups.count == 1, let group = groups.first else {
            throw .unsupported(
                path: Path(request.destination), "sources with different pivots '/./' in one copy")
        }
        let directory = try context.directory(group.pivot)
        try warnOfOutputs(request.outputs, in: [directory])
        var patterns = ExcludePatterns()
        do throws(PatternError) {
            if !group.patterns.contains([]) {
                try patterns.add(Array("**".utf8))
                for pattern in group.patterns { try patterns.add(Array("!".utf8) + pattern) }
            }
            patterns.add(contentsOf: request.excludes)
        } catch {
            throw .unsupported(path: Path(error.pattern), "a malformed pattern")
        }
        try walk([directory.tree], root: root, patterns, context, over: base)
    }

    /// Splits a source into the part to drop and the components to keep.
    private func splitPivot(_ source: [UInt8]) -> (pivot: [UInt8], path: [[UInt8]]) {
        let parts = source.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let pivot = parts.dropFirst().dropLast().firstIndex { $0.elementsEqual(".".utf8) }
        let path = parts[(pivot ?? parts.startIndex)...].map(Array.init)
            .filter { !$0.isEmpty && !$0.elementsEqual(".".utf8) }
        return (joinedPath(pivot.map { parts[..<$0].map(Array.init) } ?? []), path)
    }

    private func joinedPath(_ components: [[UInt8]]) -> [UInt8] {
        Array(components.joined(separator: [UInt8(ascii: "/")]))
    }
}

/// Checks every entry against the base before it is written.
private final class CopyVisitor: TreeVisitor {
    private let next: any TreeVisitor
    private let base: any LayerBase

    init(_ next: any TreeVisitor, over base: any LayerBase) {
        self.next = next
        self.base = base
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        if let entry = try base.entry(at: Array(path.dropLast())), entry.kind != .directory {
            throw .overBase(
                path: Path(path.dropLast()), base: Path(path.dropLast()), isDirectory: true)
        }
        try next.visit(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        if try base.entry(at: Array(path))?.kind == .directory {
            throw .overBase(path: Path(path), base: Path(path), isDirectory: false)
        }
        try next.visit(name, type: type, in: directory, path: path)
    }

    static func checkName(_ name: [UInt8], of directory: Path) throws(TarError) {
        if Whiteout.isName(name) { throw .whiteoutName(path: directory.appending(Path(name))) }
    }
}

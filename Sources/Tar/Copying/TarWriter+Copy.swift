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
    /// - Throws: `TarError.missing` for a source that does not exist; `.overBase` when a directory
    ///   of the base would become another type or the reverse. Then the output has no end, and the
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
        let sources = try sources(of: request, in: context)
        // All sources are patterns without a match.
        if sources.isEmpty, !request.sources.isEmpty || !request.inlineDirectories.isEmpty {
            return
        }
        let destination = try CopyDestination(request.destination, in: base)
        let runs = try CopyRun.runs(of: sources, request)
        let hasFile = runs.contains { if case .sources = $0 { true } else { false } }
        if sources.count > 1, hasFile, !destination.isDirectory {
            throw .unsupported(
                path: Path(request.destination),
                "several sources need a destination that ends with '/'")
        }
        if sources.count == 1, case .sources(let files) = runs.first, let file = files.first,
            !file.isDirectory, !destination.isDirectory,
            destination.path.entry?.kind != .directory
        {
            return try writeFile(file, to: destination, over: base)
        }
        try write(runs, request, context, to: destination, over: base)
    }

    /// The sources in their order.
    private func sources(
        of request: CopyRequest, in context: CopyContext
    ) throws(TarError) -> [CopySource] {
        var sources: [CopySource] = []
        for (index, source) in request.sources.enumerated() {
            sources += try inlineSources(request.inlineDirectories.filter { $0.place == index })
            sources += try context.find(source, warn: warn)
        }
        try warnOfOutputs(request.outputs, in: sources.filter { !$0.isInline })
        let count = request.sources.count
        return try sources
            + inlineSources(request.inlineDirectories.filter { $0.place ?? count >= count })
    }

    /// The files of inline directories.
    func inlineSources(
        _ directories: [CopyRequest.InlineDirectory]
    ) throws(TarError) -> [CopySource] {
        var sources: [CopySource] = []
        for directory in directories {
            let context = try CopyContext(directory.path, excludes: ExcludePatterns())
            for var source in try context.find(Array("*".utf8)) {
                source.isInline = true
                sources.append(source)
            }
        }
        return sources
    }

    /// Writes sources into a directory, one after the other: of equal paths the last counts.
    private func write(
        _ runs: [CopyRun], _ request: CopyRequest, _ context: CopyContext,
        to destination: CopyDestination, over base: any LayerBase
    ) throws(TarError) {
        let components = destination.path.components
        // As in BuildKit, a mode is not that of directories which an archive needs.
        var isFirstArchive = false
        if case .archive = runs.first { isFirstArchive = true }
        let root = try writeDirectories(components, over: base, keepsMode: isFirstArchive)
        let tree = UnpackedTree(below: components, over: base)
        for (index, run) in runs.enumerated() {
            switch run {
            case .archive(let archive):
                let writer = TarWriter(
                    output, policy: request.archivePolicy, list: list, warn: warn)
                try archive.write(to: writer, below: components, in: tree)
            case .sources(let sources):
                let isLast = index == runs.count - 1
                try walk(
                    sources.map(\.tree), root: root, request.excludes, context,
                    CopyVisitor.Base(base, tree: isLast ? nil : tree))
            }
        }
    }

    /// Warns of outputs that are in the sources, and so are left out.
    ///
    /// - Throws: `TarError.outputIsSource` when a source is an output itself.
    func warnOfOutputs(
        _ outputs: [Path], in sources: [CopySource]
    ) throws(TarError) {
        _ = try OutputFilter(
            outputs, in: sources.filter(\.isDirectory).map(\.tree.owner), warn: warn)
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
    /// A mode that depends on an old one does not apply to them, as in BuildKit.
    ///
    /// - Parameter keepsMode: whether they get mode 0755 whatever the policy says.
    /// - Returns: the path with a slash at its end; empty for the root.
    @discardableResult
    func writeDirectories(
        _ components: [[UInt8]], over base: any LayerBase, keepsMode: Bool = false
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
                encoder.policy.apply(toMade: &entry)
                if keepsMode || encoder.policy.modeChange?.isRelative ?? false {
                    entry.mode = 0o755
                }
                try write(entry)
            }
            path += component + [UInt8(ascii: "/")]
        }
        return path
    }

    /// - Parameter parents: as of `TreeWalker`.
    func walk(
        _ sources: [TreeSource], root: [UInt8], parents: [TreeWalker.Parent] = [],
        _ excludes: ExcludePatterns, _ context: CopyContext, _ base: CopyVisitor.Base
    ) throws(TarError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let next = AdaptiveVisitor(self)
        var walker = TreeWalker(
            root: root, parents: parents, excludes: excludes,
            visitor: CopyVisitor(next, over: base), buffer: buffer, warn: warn)
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
}

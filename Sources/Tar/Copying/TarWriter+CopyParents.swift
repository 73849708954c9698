import ByteStream

extension TarWriter {
    /// A walk of directories that writes only the files that match patterns.
    private struct ParentsWalk {
        /// The parts of the sources that are dropped.
        let directories: [CopySource]
        /// Directories with a link among them, by the names that the source has for them.
        var parents: [TreeWalker.Parent] = []
        /// The patterns of the files that are written, relative to `directories`.
        var patterns: [[UInt8]]
    }

    /// Writes sources under their own paths, with the directories above them as they are.
    ///
    /// Directories of a source that stand before its first wildcard and its last component may be
    /// links. They are followed, and are directories in the copy.
    func writeKeepingParents(
        _ request: CopyRequest, _ context: CopyContext, over base: any LayerBase
    ) throws(TarError) {
        var walks: [ParentsWalk] = []
        for source in request.sources {
            for walk in try parentsWalks(of: source, in: context) {
                if let last = walks.last, last.parents.isEmpty, walk.parents.isEmpty,
                    last.directories.map(\.path) == walk.directories.map(\.path)
                {
                    walks[walks.count - 1].patterns += walk.patterns
                } else {
                    walks.append(walk)
                }
            }
        }
        let inline = try inlineSources(request.inlineDirectories)
        if walks.isEmpty, inline.isEmpty { return }
        let destination = try CopyDestination(request.destination, in: base)
        let root = try writeDirectories(destination.path.components, over: base)
        let checked = CopyVisitor.Base(base, tree: nil)
        for walk in walks {
            try warnOfOutputs(request.outputs, in: walk.directories)
            try self.walk(
                walk.directories.map(\.tree), root: root, parents: walk.parents,
                excludes(of: walk, request), context, checked)
        }
        if !inline.isEmpty {
            try walk(inline.map(\.tree), root: root, request.excludes, context, checked)
        }
    }

    /// The walks that one source needs: none when its pivot is a pattern without a match.
    private func parentsWalks(
        of source: [UInt8], in context: CopyContext
    ) throws(TarError) -> [ParentsWalk] {
        let (pivot, path) = splitPivot(source)
        let firstPattern = path.firstIndex { CopyContext.isPattern($0) }
        let hasPatternPivot = CopyContext.components(pivot).contains(where: CopyContext.isPattern)
        if firstPattern == nil, !hasPatternPivot {
            _ = try context.find(pivot + Array("/".utf8) + Path(joining: path).bytes)
        }
        let directories = try context.find(pivot, warn: warn).filter(\.isDirectory)
        guard !directories.isEmpty else {
            if hasPatternPivot { return [] }
            throw .missing(path: Path(pivot), .absent)
        }
        let fixed = path[..<(firstPattern ?? max(0, path.count - 1))].map(CopyContext.unescaped)
        // A directory in which a link is on the way to the source needs a walk of its own.
        var plain: [CopySource] = []
        var linked: [ParentsWalk] = []
        for directory in directories {
            if let walk = try linkedWalk(
                fixed, below: directory, to: Path(joining: path).bytes, of: source, in: context)
            {
                linked.append(walk)
            } else {
                plain.append(directory)
            }
        }
        if plain.isEmpty { return linked }
        return [ParentsWalk(directories: plain, patterns: [Path(joining: path).bytes])] + linked
    }

    /// The walk of the directory at a path with a link on its way; nil for a path without links, and
    /// when there is no directory.
    private func linkedWalk(
        _ path: [[UInt8]], below directory: CopySource, to pattern: [UInt8], of source: [UInt8],
        in context: CopyContext
    ) throws(TarError) -> ParentsWalk? {
        let start = CopyContext.components(directory.path)
        guard let end = try context.directory(start + path, of: source),
            end.path != Path(joining: start + path).bytes
        else { return nil }
        var parents: [TreeWalker.Parent] = []
        for (index, name) in path.enumerated() {
            guard let parent = try context.directory(start + path[...index], of: source),
                case .directory(let opened) = parent.tree
            else { return nil }
            parents.append((opened, name))
        }
        return ParentsWalk(directories: [end], parents: parents, patterns: [pattern])
    }

    private func excludes(
        of walk: ParentsWalk, _ request: CopyRequest
    ) throws(TarError) -> ExcludePatterns {
        var patterns = ExcludePatterns()
        do throws(PatternError) {
            if !walk.patterns.contains([]) {
                try patterns.add(Array("**".utf8))
                for pattern in walk.patterns { try patterns.add(Array("!".utf8) + pattern) }
            }
            patterns.add(contentsOf: request.excludes)
        } catch {
            throw .unsupported(path: Path(error.pattern), "a malformed pattern")
        }
        return patterns
    }

    /// Splits a source at its first `/./` into the part to drop and the components to keep.
    private func splitPivot(_ source: [UInt8]) -> (pivot: [UInt8], path: [[UInt8]]) {
        let parts = source.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let pivot = parts.dropFirst().dropLast().firstIndex { $0.elementsEqual(".".utf8) }
        let path = CopyContext.components(
            Path(joining: parts[(pivot ?? parts.startIndex)...]).bytes)
        return (Path(joining: pivot.map { parts[..<$0].map(Array.init) } ?? []).bytes, path)
    }
}

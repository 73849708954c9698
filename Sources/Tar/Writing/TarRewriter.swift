import ByteStream

extension TarWriter {
    /// Writes the entries of another tar in their order, under the request's root directory and by
    /// this writer's policy, but not the end of the archive.
    ///
    /// Whiteouts stay whiteouts, because the other tar may be a layer. Metadata files of aufs are
    /// left out. A duplicate path is refused, except a directory with equal attributes.
    /// - Throws: `TarError`. Then the output has no end, and the caller must not write one.
    public func rewrite(_ input: InputStream, _ request: ArchiveRequest) throws(TarError) {
        try rewrite(input, request, in: nil)
    }

    /// - Parameter tree: the tree below the root directory, when the tar is unpacked in it: links on
    ///   the way to an entry are followed, and the entry `./` is left out. nil keeps paths.
    func rewrite(
        _ input: InputStream, _ request: ArchiveRequest, in tree: UnpackedTree?
    ) throws(TarError) {
        let deletions = try writeDeletions(request)
        if request.writesParents { try writeParents(of: request.rootDirectory) }
        var reader = TarReader(input, warn: warn)
        reader.takesNamelessAsRoot = tree != nil
        var seen: [[UInt8]: TarEntry.Kind] = [:]
        var number = 0
        while let entry = try reader.next() {
            let isReplaced = request.replacedEntries.contains(number)
            number += 1
            guard !isReplaced, let entry = try rewritten(entry, request, deletions, tree, &seen)
            else {
                try reader.skipData()
                continue
            }
            try writeHeader(entry)
            try reader.copyData(to: output)
        }
    }

    /// An entry under the root directory and by this writer's policy; nil to leave it out.
    ///
    /// - Parameter seen: the paths of the entries before, to which this one is added.
    private func rewritten(
        _ original: TarEntry, _ request: ArchiveRequest, _ deletions: Set<[UInt8]>,
        _ tree: UnpackedTree?, _ seen: inout [[UInt8]: TarEntry.Kind]
    ) throws(TarError) -> TarEntry? {
        let root = request.rootPath
        let name = Path(original.path)
        let isDirectory = original.kind == .directory
        var path = try TarWriter.relative(original.path, of: name)
        // The archive's entry `./` would be the root of the image in a layer.
        if path.isEmpty && (tree != nil || root.isEmpty || !isDirectory) { return nil }
        if !path.isEmpty, !request.excludes.isEmpty, request.excludes.excludes(path) { return nil }
        if let tree { path = try tree.resolve(path) }
        let resolved = try resolve(root + path, original.kind)
        if deletions.contains(resolved) || Whiteout.isUnionMetadata(path) { return nil }
        var entry = original
        if entry.kind == .hardLink {
            var target = try TarWriter.relative(entry.linkTarget, of: name)
            if let tree { target = try tree.resolve(target) }
            try checkTarget(of: entry, seen[target], name)
            entry.linkTarget = try guide?.name(root + target) ?? root + target
        }
        if let kind = seen.updateValue(entry.kind, forKey: path) {
            guard kind == .directory, isDirectory else {
                throw .unsupported(path: name, "in the tar a second time")
            }
            return nil
        }
        guard try guide?.claim(resolved, isDirectory: isDirectory) ?? true else { return nil }
        try tree?.add(entry, at: path)
        entry.path = resolved
        if isDirectory, !path.isEmpty { entry.path.append(UInt8(ascii: "/")) }
        try checkWhiteout(entry, path, name)
        normalise(&entry)
        return entry
    }

    /// The path of an entry, resolved through the base when there is one.
    private func resolve(_ path: [UInt8], _ kind: TarEntry.Kind) throws(TarError) -> [UInt8] {
        guard let guide else { return path }
        if kind == .directory { return try guide.directory(path) }
        let name = path.split(separator: UInt8(ascii: "/")).last ?? []
        return Whiteout.isName(name) ? try guide.name(path) : try guide.file(path)
    }

    /// A path of the other tar without leading slashes, `.` and a trailing slash.
    static func relative(_ path: [UInt8], of entry: Path) throws(TarError) -> [UInt8] {
        var components = path.split(separator: UInt8(ascii: "/"))
        components.removeAll { $0.elementsEqual(".".utf8) }
        guard !components.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw .unsupported(path: entry, "its path leads out of the archive")
        }
        return Path(joining: components).bytes
    }

    /// - Throws: `TarError.unsupported` when the target of a hard link is missing.
    private func checkTarget(
        of entry: TarEntry, _ kind: TarEntry.Kind?, _ original: Path
    ) throws(TarError) {
        guard let kind, kind != .directory else {
            throw .unsupported(
                path: original,
                "a hard link to \(quote(entry.linkTarget)), which was not written before it")
        }
    }

    private func checkWhiteout(
        _ entry: TarEntry, _ path: [UInt8], _ original: Path
    ) throws(TarError) {
        let components = path.split(separator: UInt8(ascii: "/"))
        guard components.contains(where: { Whiteout.isName($0) }) else { return }
        guard !components.dropLast().contains(where: { Whiteout.isName($0) }),
            entry.kind == .file, entry.size == 0, Whiteout(components.last ?? []) != nil
        else { throw .whiteoutName(path: original) }
    }

    private func normalise(_ entry: inout TarEntry) {
        encoder.policy.apply(to: &entry)
        entry.extendedAttributes.removeAll { !encoder.keeps($0.name) }
        switch entry.kind {
        case .hardLink, .symbolicLink: break
        case .file, .directory, .fifo: entry.linkTarget = []
        case .characterDevice, .blockDevice:
            entry.linkTarget = []
            return
        }
        if entry.kind == .symbolicLink { entry.mode = 0o777 }
        entry.deviceMajor = 0
        entry.deviceMinor = 0
    }
}

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

    /// - Parameter tree: what the other tar is unpacked in below the root directory; nil where its
    ///   paths are taken as they are. Its own `./` is then nothing of the image.
    func rewrite(
        _ input: InputStream, _ request: ArchiveRequest, in tree: UnpackedTree?
    ) throws(TarError) {
        let deletions = try writeDeletions(request)
        if request.writesParents { try writeParents(of: request.rootDirectory) }
        let root = request.rootPath
        var reader = TarReader(input, warn: warn)
        reader.takesNamelessAsRoot = tree != nil
        var seen: [[UInt8]: TarEntry.Kind] = [:]
        var number = 0
        while var entry = try reader.next() {
            defer { number += 1 }
            if request.replacedEntries.contains(number) {
                try reader.skipData()
                continue
            }
            let original = Path(entry.path)
            var path = try TarWriter.relative(entry.path, of: original)
            if path.isEmpty && (tree != nil || root.isEmpty || entry.kind != .directory) {
                // The archive's entry `./` would be the root of the image in a layer.
                try reader.skipData()
                continue
            }
            if !path.isEmpty, !request.excludes.isEmpty, request.excludes.excludes(path) {
                try reader.skipData()
                continue
            }
            if let tree { path = try tree.led(path) }
            let led = try led(root + path, entry.kind)
            if deletions.contains(led) || Whiteout.isUnionMetadata(path) {
                try reader.skipData()
                continue
            }
            if entry.kind == .hardLink {
                var target = try TarWriter.relative(entry.linkTarget, of: original)
                if let tree { target = try tree.led(target) }
                try checkTarget(of: entry, seen[target], original)
                entry.linkTarget = try guide?.name(root + target) ?? root + target
            }
            if let kind = seen.updateValue(entry.kind, forKey: path) {
                guard kind == .directory, entry.kind == .directory else {
                    throw .unsupported(path: original, "in the tar a second time")
                }
                try reader.skipData()
                continue
            }
            guard try guide?.claim(led, isDirectory: entry.kind == .directory) ?? true else {
                try reader.skipData()
                continue
            }
            try tree?.add(entry, at: path)
            entry.path = led
            if entry.kind == .directory, !path.isEmpty { entry.path.append(UInt8(ascii: "/")) }
            try checkWhiteout(entry, path, original)
            normalise(&entry)
            try writeHeader(entry)
            try reader.copyData(to: output)
        }
    }

    /// The path of an entry, resolved through the base when there is one.
    private func led(_ path: [UInt8], _ kind: TarEntry.Kind) throws(TarError) -> [UInt8] {
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
        return Array(components.joined(separator: [UInt8(ascii: "/")]))
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

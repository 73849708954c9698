import ByteStream

/// Resolves the paths of a layer through the symbolic links of its base, as the kernel does, and
/// refuses entries that would change the type of an existing file.
final class BaseGuide {
    private let base: any LayerBase
    /// The last resolved directory, and the result.
    private var last: (path: [UInt8], resolved: [UInt8]) = ([], [])
    /// Written paths, and whether each is a directory.
    private var written: [[UInt8]: Bool] = [:]

    init(_ base: any LayerBase) {
        self.base = base
    }

    /// The path of a directory through the base's links.
    ///
    /// - Parameter path: empty for the root, else with or without a slash at its end.
    /// - Returns: in the same form.
    /// - Throws: `TarError.overBase` for something else of that name in the base, `.unsupported` for
    ///   links that lead out of it or in a circle.
    func directory(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var text = path
        if text.last == slash { text.removeLast() }
        if text != last.path { last = (text, try follow(text)) }
        let resolved = last.resolved
        return path.last == slash && !resolved.isEmpty ? resolved + [slash] : resolved
    }

    /// The path of a file that is not a directory, through the base's links.
    ///
    /// - Throws: as `directory(_:)`; `TarError.overBase` where the base has a directory.
    func file(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let resolved = try name(path)
        if try base.entry(at: resolved)?.kind == .directory {
            throw .overBase(path: Path(path), base: Path(resolved), isDirectory: false)
        }
        return resolved
    }

    /// The path of a name of any type. Links in its directory are followed; the name is not.
    func name(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path }
        let parent = try directory(Array(path[..<slash]))
        return parent.isEmpty ? Array(path[(slash + 1)...]) : parent + path[slash...]
    }

    /// The attributes of a directory of the base.
    func attributes(of path: [UInt8]) throws(TarError) -> TarEntry? {
        guard let entry = try base.entry(at: path), entry.kind == .directory else { return nil }
        return entry
    }

    /// Records that a path is about to be written.
    ///
    /// - Returns: false for a directory that was written before.
    /// - Parameter resolved: a directory's may have a slash at its end.
    /// - Throws: `TarError.unsupported` for any other path that was written before: two paths lead
    ///   to the same file.
    func claim(_ resolved: [UInt8], isDirectory: Bool) throws(TarError) -> Bool {
        var path = resolved
        if path.last == UInt8(ascii: "/") { path.removeLast() }
        guard let wasDirectory = written.updateValue(isDirectory, forKey: path) else { return true }
        guard wasDirectory, isDirectory else {
            throw .unsupported(
                path: Path(path), "two paths lead to it through the links of the base")
        }
        return false
    }

    private func follow(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let resolved = try BasePath(path, in: base, rootParent: .refused)
        guard resolved.mayBeDirectory else {
            throw .overBase(path: Path(path), base: Path(resolved.bytes), isDirectory: true)
        }
        return resolved.bytes
    }
}

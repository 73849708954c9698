import ByteStream
import Glibc

/// Removes files that whiteouts delete or that entries replace.
///
/// A whiteout applies to the tree before its layer, whatever the order of entries: files of the
/// layer itself stay, and links of lower layers are not followed.
///
/// - Spec: image-spec v1.1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
final class WhiteoutRemover {
    private let directories: DirectoryCache
    /// The names that the current layer has made.
    private let names: UnpackedNames
    /// Directories from which a whiteout of the current layer has removed the files of lower layers.
    /// They are not searched again, however many whiteouts there are.
    private var cleared: Set<FileIdentity> = []

    init(directories: DirectoryCache, names: UnpackedNames) {
        self.directories = directories
        self.names = names
    }

    /// Begins the next layer.
    func beginLayer() { cleared.removeAll() }

    /// Applies a whiteout; the type of the entry does not matter.
    ///
    /// A path that does not exist, or is below a file, needs no deletion.
    ///
    /// - Returns: false when it is not a whiteout.
    /// - Throws: `TarError.refused` for a whiteout that deletes nothing.
    func carryOut(_ path: EntryPath) throws(TarError) -> Bool {
        let whiteout: Whiteout
        switch try path.meaning() {
        case .file: return false
        case .unionMetadata: return true
        case .whiteout(let found): whiteout = found
        }
        guard let parent = try directories.directoryWithoutLinks(path.parent) else { return true }
        switch whiteout {
        case .opaque:
            directories.forget()
            try clear(
                try Path(".").withCString { (name) throws(TarError) in
                    try directories.openToClear(
                        name, in: parent.descriptor, Path(parent.path))
                }, sparing: true)
        case .sibling(let name):
            let victim = Path(parent.path).appending(Path(name))
            try Path(name).withCString { (name) throws(TarError) in
                guard let type = try type(name, in: parent, victim) else { return }
                if type != S_IFREG { directories.forget() }
                try remove(name, in: parent, victim, sparing: true)
            }
        }
        return true
    }

    /// Removes the file that an entry replaces.
    func makeRoom(
        for name: UnsafePointer<CChar>, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        if let type = try type(name, in: parent, path.path), type != S_IFREG {
            // Paths through removed directories and links now lead elsewhere.
            directories.forget()
        }
        try remove(name, in: parent, path.path, sparing: false)
    }

    /// The file type bits of a name; nil when the name does not exist.
    func type(
        _ name: UnsafePointer<CChar>, in parent: UnpackedDirectory, _ path: Path
    ) throws(TarError) -> UInt32? {
        var status = stat()
        do {
            try retryingInterrupts {
                fstatat(parent.descriptor, name, &status, AT_SYMLINK_NOFOLLOW)
            }
        } catch  where error == .noEntry || error.rawValue == ENAMETOOLONG {
            return nil
        } catch {
            throw .unpack(path: path, error)
        }
        return status.st_mode & S_IFMT
    }

    /// Removes a file, or a directory with everything in it.
    ///
    /// - Parameter sparing: whether files of this layer stay, with the directories above them.
    private func remove(
        _ name: UnsafePointer<CChar>, in parent: UnpackedDirectory, _ path: Path, sparing: Bool
    ) throws(TarError) {
        let isSpared =
            sparing
            && names.contains(
                UnsafeRawBufferPointer(start: name, count: strlen(name)), in: parent.identity)
        if !isSpared {
            if unlinkat(parent.descriptor, name, 0) == 0 { return }
            let error = Errno.current
            guard error.rawValue == EISDIR || error.rawValue == EPERM else {
                if error == .noEntry { return }
                throw .unpack(path: path, error)
            }
        }
        do {
            try clear(directories.openToClear(name, in: parent.descriptor, path), sparing: sparing)
        } catch .open(_, let error) where isSpared && [ENOTDIR, ELOOP].contains(error.rawValue) {
            // A file of this layer, not a directory that could have older files.
            return
        }
        if !isSpared { try removeDirectory(name, in: parent.descriptor, path, sparing: sparing) }
    }

    /// Removes a directory that was cleared.
    ///
    /// - Returns: false when it still has files of this layer, and stays.
    @discardableResult
    private func removeDirectory(
        _ name: UnsafePointer<CChar>, in parent: CInt, _ path: Path, sparing: Bool
    ) throws(TarError) -> Bool {
        if unlinkat(parent, name, AT_REMOVEDIR) == 0 { return true }
        let error = Errno.current
        if sparing && [ENOTEMPTY, EEXIST].contains(error.rawValue) { return false }
        throw .unpack(path: path, error)
    }

    private struct ClearedDirectory {
        let directory: OpenDirectory
        let identity: FileIdentity
        let listing: DirectoryListing
        var next = 0
        /// The name in the parent directory, which is the previous one on the stack.
        let name: Path
        let isSpared: Bool
    }

    /// Removes everything in a directory, without recursion: a tree may be deeper than the stack.
    private func clear(_ directory: OpenDirectory, sparing: Bool) throws(TarError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var stack = [try opened(directory, name: ".", sparing: sparing, isSpared: true, buffer)]
        while var top = stack.popLast() {
            guard top.next < top.listing.names.count else {
                if let parent = stack.last?.directory, !top.isSpared {
                    let isGone = try top.name.withCString { (name) throws(TarError) in
                        try removeDirectory(
                            name, in: parent.descriptor, top.directory.path, sparing: sparing)
                    }
                    if isGone { cleared.remove(top.identity) }
                }
                continue
            }
            let name = top.listing.names[top.next]
            top.next += 1
            stack.append(top)
            let entered = try top.listing.withName(name) {
                (pointer, bytes) throws(TarError) -> ClearedDirectory? in
                let isSpared = sparing && names.contains(bytes, in: top.identity)
                let path = top.directory.path.appending(Path(bytes))
                guard name.type == UInt8(DT_DIR) else {
                    if !isSpared, unlinkat(top.directory.descriptor, pointer, 0) == -1 {
                        throw .unpack(path: path, Errno.current)
                    }
                    return nil
                }
                let child = try directories.openToClear(
                    pointer, in: top.directory.descriptor, path)
                return try opened(
                    child, name: Path(bytes), sparing: sparing, isSpared: isSpared, buffer)
            }
            if let entered { stack.append(entered) }
        }
    }

    private func opened(
        _ directory: OpenDirectory, name: Path, sparing: Bool, isSpared: Bool,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(TarError) -> ClearedDirectory {
        let identity = FileIdentity(try directory.status())
        let isCleared = sparing && !cleared.insert(identity).inserted
        return ClearedDirectory(
            directory: directory, identity: identity,
            listing: try DirectoryListing(
                isCleared ? [] : [.directory(directory)], buffer: buffer),
            name: name, isSpared: isSpared)
    }
}

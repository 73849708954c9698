import ByteStream
import Glibc

extension TreeExtractor {
    /// Carries out an entry whose name is that of a whiteout, whatever its type.
    ///
    /// What the layer itself has put there stays, in whichever order the entries come.
    ///
    /// - Returns: false when it is not a whiteout.
    /// - Spec: image-spec v1.1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
    func carryOutWhiteout(_ path: EntryPath) throws(TarError) -> Bool {
        if path.parent.split(separator: UInt8(ascii: "/")).contains(where: isWhiteoutName) {
            guard TreeExtractor.isUnionMetadata(path.bytes) else {
                throw .refused(path: path.path, "a directory is named like a whiteout")
            }
            return true
        }
        let name = Array(path.name)
        guard isWhiteoutName(name) else { return false }
        guard isWhiteoutWellFormed(name) else {
            guard TreeExtractor.isUnionMetadata(path.bytes) else {
                throw .refused(path: path.path, "a whiteout that deletes nothing")
            }
            return true
        }
        guard let parent = try directory(path.parent, createdFor: nil) else { return true }
        if name.elementsEqual(".wh..wh..opq".utf8) {
            stack.forget()
            let opened = try OpenDirectory(".", in: parent.descriptor, path: Path(parent.path))
            try clear(opened, sparing: true)
            return true
        }
        let victim = try EntryPath(Array(path.parent) + [UInt8(ascii: "/")] + name.dropFirst(4))
        try victim.withName { (name) throws(TarError) in
            guard let type = try type(name, in: parent, victim) else { return }
            if type != S_IFREG { stack.forget() }
            try remove(name, in: parent, victim.path, sparing: true)
        }
        return true
    }

    /// Whether a path is of the files that aufs kept at the top of its layers, which old tools have
    /// packed.
    private static func isUnionMetadata(_ path: ArraySlice<UInt8>) -> Bool {
        path.starts(with: ".wh..wh.".utf8)
    }

    /// Removes what has a name, with everything in it.
    ///
    /// - Parameter sparing: whether what this layer has put there stays, with the directories it is
    ///   in.
    func remove(
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
            try clear(openToClear(name, in: parent.descriptor, path), sparing: sparing)
        } catch .open(_, let error) where isSpared && [ENOTDIR, ELOOP].contains(error.rawValue) {
            // The layer's own, and no directory in which something older could be.
            return
        }
        if !isSpared { try removeDirectory(name, in: parent.descriptor, path, sparing: sparing) }
    }

    /// Removes a directory that was cleared; it stays when something was spared in it.
    private func removeDirectory(
        _ name: UnsafePointer<CChar>, in parent: CInt, _ path: Path, sparing: Bool
    ) throws(TarError) {
        if unlinkat(parent, name, AT_REMOVEDIR) == 0 { return }
        let error = Errno.current
        if sparing && [ENOTEMPTY, EEXIST].contains(error.rawValue) { return }
        throw .unpack(path: path, error)
    }

    private struct ClearedDirectory {
        let directory: OpenDirectory
        let identity: FileIdentity
        let listing: DirectoryListing
        var next = 0
        /// Its name in the directory before it on the stack.
        let name: Path
        let isSpared: Bool
    }

    /// Removes everything in a directory, without recursion: a tree may be deeper than the stack.
    private func clear(_ directory: OpenDirectory, sparing: Bool) throws(TarError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var stack = [try opened(directory, name: ".", isSpared: true, buffer)]
        while var top = stack.popLast() {
            guard top.next < top.listing.names.count else {
                if let parent = stack.last?.directory, !top.isSpared {
                    try top.name.withCString { (name) throws(TarError) in
                        try removeDirectory(
                            name, in: parent.descriptor, top.directory.path, sparing: sparing)
                    }
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
                return try opened(
                    openToClear(pointer, in: top.directory.descriptor, path), name: Path(bytes),
                    isSpared: isSpared, buffer)
            }
            if let entered { stack.append(entered) }
        }
    }

    private func opened(
        _ directory: OpenDirectory, name: Path, isSpared: Bool,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(TarError) -> ClearedDirectory {
        ClearedDirectory(
            directory: directory, identity: FileIdentity(try directory.status()),
            listing: try DirectoryListing([.directory(directory)], buffer: buffer), name: name,
            isSpared: isSpared)
    }

    /// Opens a directory to remove what is in it; this user's own are opened up for that.
    private func openToClear(
        _ name: UnsafePointer<CChar>, in parent: CInt, _ path: Path
    ) throws(TarError) -> OpenDirectory {
        if isSuperuser { return try OpenDirectory(name, in: parent, path: path) }
        do {
            let directory = try OpenDirectory(name, in: parent, path: path)
            let status = try directory.status()
            let mode = status.st_mode & 0o7777
            if mode == accessible(mode) || status.st_uid != user { return directory }
        } catch .open(_, let error) where error.rawValue == EACCES {
        }
        do {
            try makeAccessible(name, in: parent)
        } catch {
            throw .unpack(path: path, error)
        }
        return try OpenDirectory(name, in: parent, path: path)
    }
}

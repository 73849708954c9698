import ByteStream
import CSystem
import Glibc

extension TreeExtractor {
    /// Calls what makes a file of a new name; what has the name is removed first.
    ///
    /// - Returns: what the call returned.
    /// - Throws: `TarError.refused` for what the entry itself asks too much with, else `.unpack`.
    @discardableResult
    func make(
        _ path: EntryPath, in parent: UnpackedDirectory, _ call: (UnsafePointer<CChar>) -> CInt
    ) throws(TarError) -> CInt {
        try path.withName { (name) throws(TarError) in
            var isFree = false
            while true {
                do throws(Errno) {
                    return try retryingInterrupts { call(name) }
                } catch {
                    guard error == .exists, !isFree else {
                        throw TreeExtractor.failure(path, error)
                    }
                }
                try replace(name, path, in: parent)
                isFree = true
            }
        }
    }

    static func failure(_ path: EntryPath, _ error: Errno) -> TarError {
        switch error.rawValue {
        case ENAMETOOLONG: .refused(path: path.path, "a name or link target is too long")
        default: .unpack(path: path.path, error)
        }
    }

    /// Removes what an entry takes the place of.
    private func replace(
        _ name: UnsafePointer<CChar>, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        if let type = try type(name, in: parent, path), type != S_IFREG {
            // Where directories and links were, paths lead elsewhere now.
            stack.forget()
        }
        try remove(name, in: parent, path.path, sparing: false)
    }

    /// The file type bits of a name; nil when there is no such name.
    func type(
        _ name: UnsafePointer<CChar>, in parent: UnpackedDirectory, _ path: EntryPath
    ) throws(TarError) -> UInt32? {
        var status = stat()
        do {
            try retryingInterrupts {
                fstatat(parent.descriptor, name, &status, AT_SYMLINK_NOFOLLOW)
            }
        } catch .noEntry {
            return nil
        } catch {
            throw .unpack(path: path.path, error)
        }
        return status.st_mode & S_IFMT
    }

    /// A directory that is there stays with what is in it; its attributes are replaced.
    func unpackDirectory(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let isThere = try path.withName { (name) throws(TarError) in
            try type(name, in: parent, path) == S_IFDIR
        }
        if !isThere {
            try make(path, in: parent) { name in mkdirat(parent.descriptor, name, 0o700) }
        }
        let descriptor = try openDirectory(path, in: parent)
        do {
            if isThere { try clearAttributes(of: descriptor, entry, path) }
            try setAttributes(
                of: descriptor, entry, path,
                isInherited: !isThere && inheritsOwner(entry, parent))
        } catch {
            close(descriptor)
            throw error
        }
        let directory = try UnpackedDirectory(descriptor, path: Array(path.bytes))
        record(directory, entry)
        if !path.isRoot { stack.push(directory) }
    }

    /// Opens a directory to set its attributes.
    private func openDirectory(
        _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) -> CInt {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        return try path.withName { (name) throws(TarError) in
            do throws(Errno) {
                do throws(Errno) {
                    return try retryingInterrupts {
                        system_openat(parent.descriptor, name, flags, 0)
                    }
                } catch  where error.rawValue == EACCES && !isSuperuser {
                    try makeAccessible(name, in: parent.descriptor)
                    return try retryingInterrupts {
                        system_openat(parent.descriptor, name, flags, 0)
                    }
                }
            } catch {
                throw .unpack(path: path.path, error)
            }
        }
    }

    func unpackHardLink(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let target = try EntryPath(entry.linkTarget)
        let subject = Path(entry.linkTarget).quoted
        guard !target.isRoot,
            let directory = try directory(target.parent, createdFor: nil),
            let type = try target.withName({ (name) throws(TarError) in
                try self.type(name, in: directory, target)
            })
        else { throw .refused(path: path.path, "its link target \(subject) is not there") }
        guard type != S_IFDIR else {
            throw .refused(path: path.path, "its link target \(subject) is a directory")
        }
        let isSame =
            directory.identity == parent.identity && target.name.elementsEqual(path.name)
        if isSame { return }
        try target.withName { (targetName) throws(TarError) in
            _ = try make(path, in: parent) { name in
                linkat(directory.descriptor, targetName, parent.descriptor, name, 0)
            }
        }
    }

    /// Makes a device, a FIFO, or an empty file.
    func makeNode(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let type =
            switch entry.kind {
            case .characterDevice: S_IFCHR
            case .blockDevice: S_IFBLK
            case .fifo: S_IFIFO
            case .file, .directory, .hardLink, .symbolicLink: S_IFREG
            }
        let isDevice = type == S_IFCHR || type == S_IFBLK
        let device = isDevice ? system_makedev(entry.deviceMajor, entry.deviceMinor) : 0
        do throws(TarError) {
            try make(path, in: parent) { name in
                mknodat(parent.descriptor, name, type | 0o600, dev_t(device))
            }
        } catch .unpack(let path, let error) where error.rawValue == EPERM && isDevice {
            throw .device(path: path, error)
        }
        let descriptor: CInt = try path.withName { (name) throws(TarError) in
            do throws(Errno) {
                return try retryingInterrupts {
                    system_openat(
                        parent.descriptor, name, system_O_PATH | O_NOFOLLOW | O_CLOEXEC, 0)
                }
            } catch {
                throw .unpack(path: path.path, error)
            }
        }
        defer { close(descriptor) }
        try setNodeAttributes(of: descriptor, entry, path)
    }
}

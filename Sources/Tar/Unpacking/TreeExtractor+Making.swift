import ByteStream
import CSystem
import Glibc

extension TreeExtractor {
    /// Makes a call that creates a file; an existing file of that name is removed first.
    ///
    /// - Returns: the result of the call.
    /// - Throws: `TarError.refused` when the entry itself is invalid, else `.unpack`.
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
                try remover.makeRoom(for: name, path, in: parent)
                isFree = true
            }
        }
    }

    private static func failure(_ path: EntryPath, _ error: Errno) -> TarError {
        switch error.rawValue {
        case ENAMETOOLONG: .refused(path: path.path, "a name or link target is too long")
        default: .unpack(path: path.path, error)
        }
    }

    /// Creates a directory above `entry` for which the layer has no entry.
    func makeImplied(
        _ path: Path, for entry: TarEntry, in parent: UnpackedDirectory
    ) throws(TarError) {
        var implied = TarEntry(kind: .directory, path: path.bytes, mode: 0o755)
        implied.modificationTime = entry.modificationTime
        implied.modificationNanoseconds = entry.modificationNanoseconds
        try note(path.name.bytes[...], in: parent, path)
        try unpackDirectory(implied, EntryPath(resolved: path.bytes), in: parent)
    }

    /// Unpacks a directory. An existing one keeps its contents; its attributes are replaced.
    func unpackDirectory(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let isThere = try path.withName { (name) throws(TarError) in
            try remover.type(name, in: parent, path.path) == S_IFDIR
        }
        if !isThere {
            try make(path, in: parent) { name in mkdirat(parent.descriptor, name, 0o700) }
        }
        let file = try path.withName { (name) throws(TarError) in
            do throws(Errno) {
                return try directories.openForReading(name, in: parent.descriptor)
            } catch {
                throw .unpack(path: path.path, error)
            }
        }
        if isThere { try attributes.clear(file, entry, path) }
        let deferred = try attributes.deferredOwner(of: entry, path)
        let mode = try attributes.set(
            of: file, entry, path,
            isInherited: !isThere && attributes.inheritsOwner(entry, parent),
            isOwnerDeferred: deferred != nil)
        let directory = try UnpackedDirectory(
            file, path: Array(path.bytes),
            realPath: path.isRoot ? [] : parent.realPath(of: path.name))
        directories.record(directory, entry, mode: mode, owner: deferred)
        if !path.isRoot { directories.push(directory) }
    }

    func unpackHardLink(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let target = try EntryPath(entry.linkTarget)
        let subject = Path(entry.linkTarget).quoted
        guard !target.isRoot,
            let directory = try directories.directory(target.parent, creating: nil),
            let type = try target.withName({ (name) throws(TarError) in
                try remover.type(name, in: directory, target.path)
            })
        else { throw .refused(path: path.path, "its link target \(subject) is not there") }
        guard type != S_IFDIR else {
            throw .refused(path: path.path, "its link target \(subject) is a directory")
        }
        let isSame =
            directory.identity == parent.identity && target.name.elementsEqual(path.name)
        if isSame { return }
        if directory.isInside(parent.realPath(of: path.name)) {
            throw .refused(
                path: path.path, "its link target \(subject) is in what it replaces")
        }
        try target.withName { (targetName) throws(TarError) in
            _ = try make(path, in: parent) { name in
                linkat(directory.descriptor, targetName, parent.descriptor, name, 0)
            }
        }
    }

    /// Creates a device, a FIFO, or an empty file.
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
        let node = try path.withName { (name) throws(TarError) in
            do throws(Errno) {
                return try OwnedDescriptor(
                    name, in: parent.descriptor, flags: system_O_PATH | O_NOFOLLOW | O_CLOEXEC)
            } catch {
                throw .unpack(path: path.path, error)
            }
        }
        try attributes.setNode(node, entry, path)
    }
}

import ByteStream
import CSystem
import Glibc

/// Sets the attributes of unpacked files: owner, extended attributes, mode and time.
///
/// When the system refuses an attribute, it is left out with a warning that names the first such
/// file.
final class AttributeSetter {
    let ownership: TreeExtractor.Ownership
    private let privileges: Privileges
    private let warn: (String) -> Void
    private var warnings: Set<String> = []

    init(
        _ ownership: TreeExtractor.Ownership, _ privileges: Privileges,
        warn: @escaping (String) -> Void
    ) {
        self.ownership = ownership
        self.privileges = privileges
        self.warn = warn
    }

    /// Sets owner, extended attributes and mode of an open file or directory, in this order,
    /// because a change of the owner clears set-user-ID bits and capabilities, and a read-only mode
    /// prevents setting attributes.
    ///
    /// - Parameters:
    ///   - isInherited: whether the file was created with its final owner.
    ///   - isOwnerDeferred: whether the owner is set later.
    /// - Returns: the final mode.
    @discardableResult
    func set(
        of file: OwnedDescriptor, _ entry: TarEntry, _ path: EntryPath, isInherited: Bool,
        isOwnerDeferred: Bool = false
    ) throws(TarError) -> UInt32 {
        let owner = try owner(of: entry, path)
        var isOwned = owner != nil
        if let owner, !isInherited, !isOwnerDeferred {
            isOwned = try change(path) { fchown(file.rawValue, owner.uid, owner.gid) }
        }
        for attribute in try attributes(of: entry, path) {
            try set(attribute, path) { name, value in
                system_fsetxattr(file.rawValue, name, value.baseAddress, value.count)
            }
        }
        let mode = self.mode(of: entry, isOwned: isOwned)
        do throws(Errno) {
            let now = entry.kind == .directory ? privileges.accessible(mode) : mode
            try retryingInterrupts { fchmod(file.rawValue, now) }
        } catch {
            throw .unpack(path: path.path, error)
        }
        return mode
    }

    /// The owner that a directory gets only after everything in it is unpacked, because this user
    /// could not work in it afterwards; nil when it gets its owner at once.
    func deferredOwner(
        of entry: TarEntry, _ path: EntryPath
    ) throws(TarError) -> (uid: UInt32, gid: UInt32)? {
        if privileges.overridesAccess { return nil }
        guard let owner = try owner(of: entry, path), owner.uid != privileges.user else {
            return nil
        }
        return owner
    }

    func setTime(
        of file: OwnedDescriptor, _ time: timespec, _ path: EntryPath
    ) throws(TarError) {
        let times = [time, time]
        if futimens(file.rawValue, times) == -1 { throw .unpack(path: path.path, Errno.current) }
    }

    /// Sets owner, extended attributes and time of a symbolic link.
    func setLink(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let owner = try owner(of: entry, path)
        try path.withName { (name) throws(TarError) in
            if let owner, !inheritsOwner(entry, parent) {
                try change(path) {
                    fchownat(parent.descriptor, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW)
                }
            }
            let link = parent.file.procPath.appending(Path(cString: name))
            for attribute in try attributes(of: entry, path) {
                try set(attribute, path) { name, value in
                    link.withCString {
                        system_lsetxattr($0, name, value.baseAddress, value.count)
                    }
                }
            }
            let times = [entry.timestamp, entry.timestamp]
            if utimensat(parent.descriptor, name, times, AT_SYMLINK_NOFOLLOW) == -1 {
                throw .unpack(path: path.path, Errno.current)
            }
        }
    }

    /// Sets the attributes of a device, FIFO or the empty file in place of a device.
    ///
    /// - Parameter node: opened with `O_PATH`, because opening a device may have side effects.
    func setNode(
        _ node: OwnedDescriptor, _ entry: TarEntry, _ path: EntryPath
    ) throws(TarError) {
        let owner = try owner(of: entry, path)
        let attributes = try attributes(of: entry, path)
        try node.procPath.withCString { (file) throws(TarError) in
            var isOwned = owner != nil
            if let owner { isOwned = try change(path) { chown(file, owner.uid, owner.gid) } }
            for attribute in attributes {
                try set(attribute, path) { name, value in
                    // Not lsetxattr: the path is itself a link, to the open file.
                    system_setxattr(file, name, value.baseAddress, value.count)
                }
            }
            let times = [entry.timestamp, entry.timestamp]
            guard chmod(file, mode(of: entry, isOwned: isOwned)) == 0,
                utimensat(AT_FDCWD, file, times, 0) == 0
            else { throw .unpack(path: path.path, Errno.current) }
        }
    }

    /// Removes attributes of a directory that are not in its new entry.
    func clear(
        _ directory: OwnedDescriptor, _ entry: TarEntry, _ path: EntryPath
    ) throws(TarError) {
        let kept = Set(try attributes(of: entry, path).map(\.name))
        for name in try attributeNames(of: directory.rawValue, path)
        where EntryEncoder.isKept(name) && !kept.contains(name) {
            do {
                _ = try Path(name).withCString { (name) throws(Errno) in
                    try retryingInterrupts { system_fremovexattr(directory.rawValue, name) }
                }
            } catch  where error == .noData || error.rawValue == EPERM {
                continue
            } catch {
                throw .attribute(path: path.path, name: Path(name), error)
            }
        }
    }

    /// Whether a new file in `parent` is created with the owner of `entry`, whatever rules the file
    /// system has for the group.
    func inheritsOwner(_ entry: TarEntry, _ parent: UnpackedDirectory) -> Bool {
        entry.uid == UInt64(privileges.user) && entry.gid == UInt64(privileges.group)
            && parent.status.st_gid == privileges.group
    }

    func warnOnce(_ message: String, _ key: String) {
        if warnings.insert(key).inserted { warn(message) }
    }

    // MARK: Owners

    /// Changes an owner.
    ///
    /// - Returns: false when the system refuses it, for example because an id is not mapped.
    @discardableResult
    private func change(_ path: EntryPath, _ call: () -> CInt) throws(TarError) -> Bool {
        do throws(Errno) {
            try retryingInterrupts(call)
            return true
        } catch  where error.rawValue == EPERM || error.rawValue == EINVAL {
            warnOnce(
                "an owner is left out, first of \(path.path.quoted): \(error)", "changed owner")
            return false
        } catch {
            throw .unpack(path: path.path, error)
        }
    }

    /// The owner to set; nil when the file stays the user's.
    private func owner(
        of entry: TarEntry, _ path: EntryPath
    ) throws(TarError) -> (uid: UInt32, gid: UInt32)? {
        let (uid, gid) = try entry.owner(at: path)
        switch ownership {
        case .applied: return (uid, gid)
        case .recorded: return nil
        case .dropped:
            if uid != privileges.user || gid != privileges.group {
                warnOnce(
                    "not the superuser: every file is of this user; --rootless notes whose it is",
                    "owner")
            }
            return nil
        }
    }

    /// The mode to set: without its owner, a file loses its set-ID bits, so that a program does not
    /// run as another user than the layer says.
    ///
    /// With recorded owners the bits stay, for tools that pack the tree again.
    private func mode(of entry: TarEntry, isOwned: Bool) -> UInt32 {
        if isOwned || ownership == .recorded || entry.kind == .directory { return entry.mode }
        var mode = entry.mode
        if entry.uid != UInt64(privileges.user) { mode &= ~0o4000 }
        if entry.gid != UInt64(privileges.group) { mode &= ~0o2000 }
        return mode
    }

    // MARK: Extended attributes

    /// The extended attributes to set.
    private func attributes(
        of entry: TarEntry, _ path: EntryPath
    ) throws(TarError) -> [TarEntry.ExtendedAttribute] {
        var attributes = entry.extendedAttributes
        if !attributes.isEmpty { attributes.removeAll { !EntryEncoder.isKept($0.name) } }
        guard ownership == .recorded else { return attributes }
        attributes.removeAll { $0.name == RootlessOwner.attribute }
        // Only files and directories can have `user` attributes.
        guard entry.kind == .file || entry.kind == .directory else { return attributes }
        let uid = UInt32(truncatingIfNeeded: entry.uid)
        let gid = UInt32(truncatingIfNeeded: entry.gid)
        if let value = RootlessOwner.encode(uid: uid, gid: gid) {
            attributes.append(
                TarEntry.ExtendedAttribute(name: RootlessOwner.attribute, value: value))
        }
        return attributes
    }

    /// Sets one attribute; when the file system does not support it, it is left out with a warning.
    private func set(
        _ attribute: TarEntry.ExtendedAttribute, _ path: EntryPath,
        _ call: (UnsafePointer<CChar>, UnsafeRawBufferPointer) -> CInt
    ) throws(TarError) {
        let name = Path(attribute.name)
        do {
            try name.withCString { (name) throws(Errno) in
                try attribute.value.withRawBytes { (value) throws(Errno) in
                    _ = try retryingInterrupts { call(name, value) }
                }
            }
        } catch {
            switch error.rawValue {
            case ENOTSUP, EPERM, EINVAL, ERANGE, E2BIG:
                warnOnce(
                    "attribute \(name.quoted) is left out, first of \(path.path.quoted): \(error)",
                    name.description)
            default: throw .attribute(path: path.path, name: name, error)
            }
        }
    }

    private func attributeNames(
        of descriptor: CInt, _ path: EntryPath
    ) throws(TarError) -> [[UInt8]] {
        do {
            var size = try retryingInterrupts { system_flistxattr(descriptor, nil, 0) }
            if size == 0 { return [] }
            // A few more bytes, in case another process adds attributes.
            size += 4096
            var names = [CChar](repeating: 0, count: size)
            let count = try retryingInterrupts { system_flistxattr(descriptor, &names, size) }
            return names[..<count].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
        } catch .notSupported {
            return []
        } catch {
            throw .unpack(path: path.path, error)
        }
    }
}

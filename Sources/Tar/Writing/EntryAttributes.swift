import ByteStream
import CSystem
import Glibc

/// The attribute in which tools without privileges keep an owner.
///
/// - Spec: rootlesscontainers, `user.rootlesscontainers`: a protobuf message `Resource` of `uid` (1)
///   and `gid` (2).
enum RootlessOwner {
    static let attribute = Array("user.rootlesscontainers".utf8)

    /// - Returns: nil for root's files, which have no attribute.
    static func encode(uid: UInt32, gid: UInt32) -> [UInt8]? {
        if uid == 0 && gid == 0 { return nil }
        return field(1, uid) + field(2, gid)
    }

    /// - Returns: nil for what is no such message.
    static func decode(_ bytes: [UInt8]) -> (uid: UInt32, gid: UInt32)? {
        var owner: (uid: UInt32, gid: UInt32) = (0, 0)
        var rest = bytes[...]
        while let tag = rest.popFirst() {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            var byte: UInt8
            repeat {
                guard shift < 35, let next = rest.popFirst() else { return nil }
                byte = next
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
            } while byte & 0x80 != 0
            guard let id = UInt32(exactly: value), id != .max else { return nil }
            switch tag {
            case 1 << 3: owner.uid = id
            case 2 << 3: owner.gid = id
            default: return nil
            }
        }
        return owner
    }

    /// A field of varint type; zero is left out.
    private static func field(_ number: UInt8, _ value: UInt32) -> [UInt8] {
        if value == 0 { return [] }
        var bytes = [number << 3]
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }
}

extension TreeExtractor {
    /// Sets owner, extended attributes and mode of an open file or directory, in this order: a
    /// change of the owner takes set-user-ID bits and capabilities away, and a read-only mode keeps
    /// attributes from being set.
    ///
    /// - Parameter isInherited: whether the file was made with the owner that it is to have.
    func setAttributes(
        of descriptor: CInt, _ entry: TarEntry, _ path: EntryPath, isInherited: Bool
    ) throws(TarError) {
        let owner = try owner(of: entry, path)
        do {
            if let owner, !isInherited {
                try retryingInterrupts { fchown(descriptor, owner.uid, owner.gid) }
            }
            for attribute in try attributes(of: entry, path) {
                try set(attribute, path) { name, value in
                    system_fsetxattr(descriptor, name, value.baseAddress, value.count)
                }
            }
            let mode = entry.kind == .directory ? accessible(entry.mode) : entry.mode
            try retryingInterrupts { fchmod(descriptor, mode) }
        } catch let error as Errno {
            throw .unpack(path: path.path, error)
        } catch let error as TarError {
            throw error
        } catch {
            throw .source(InternalError(error))
        }
    }

    func setTime(
        of descriptor: CInt, _ time: timespec, _ path: EntryPath
    ) throws(TarError) {
        let times = [time, time]
        if futimens(descriptor, times) == -1 { throw .unpack(path: path.path, Errno.current) }
    }

    /// Sets what a symbolic link has: owner, extended attributes, time.
    func setLinkAttributes(
        _ entry: TarEntry, _ path: EntryPath, in parent: UnpackedDirectory
    ) throws(TarError) {
        let owner = try owner(of: entry, path)
        try path.withName { (name) throws(TarError) in
            if let owner, !inheritsOwner(entry, parent) {
                let result = fchownat(
                    parent.descriptor, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW)
                if result == -1 { throw .unpack(path: path.path, Errno.current) }
            }
            let link = Path("/proc/self/fd/\(parent.descriptor)").appending(Path(cString: name))
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

    /// Sets what a device, FIFO or stand-in has.
    ///
    /// - Parameter descriptor: opened with `O_PATH`, since opening a device does something.
    func setNodeAttributes(
        of descriptor: CInt, _ entry: TarEntry, _ path: EntryPath
    ) throws(TarError) {
        let owner = try owner(of: entry, path)
        let attributes = try attributes(of: entry, path)
        try openedPath(descriptor).withCString { (file) throws(TarError) in
            if let owner, chown(file, owner.uid, owner.gid) == -1 {
                throw .unpack(path: path.path, Errno.current)
            }
            for attribute in attributes {
                try set(attribute, path) { name, value in
                    // Not the l-form: the path is itself a link, which stands for the open file.
                    system_setxattr(file, name, value.baseAddress, value.count)
                }
            }
            let times = [entry.timestamp, entry.timestamp]
            guard chmod(file, entry.mode) == 0, utimensat(AT_FDCWD, file, times, 0) == 0 else {
                throw .unpack(path: path.path, Errno.current)
            }
        }
    }

    /// A path that leads to an open file and to nothing else.
    private func openedPath(_ descriptor: CInt) -> Path { Path("/proc/self/fd/\(descriptor)") }

    /// Whether a new file in `parent` has the owner of `entry` from the start, whatever rules the
    /// file system has for the group.
    func inheritsOwner(_ entry: TarEntry, _ parent: UnpackedDirectory) -> Bool {
        entry.uid == UInt64(user) && entry.gid == UInt64(group) && parent.status.st_gid == group
    }

    /// The owner that a file is given; nil when it stays the user's.
    private func owner(
        of entry: TarEntry, _ path: EntryPath
    ) throws(TarError) -> (uid: UInt32, gid: UInt32)? {
        // The highest number stands for "as it is" in chown(2).
        guard let uid = UInt32(exactly: entry.uid), let gid = UInt32(exactly: entry.gid),
            uid != .max, gid != .max
        else {
            throw .refused(path: path.path, "no owner can be \(entry.uid):\(entry.gid)")
        }
        switch ownership {
        case .applied: return (uid, gid)
        case .recorded: return nil
        case .dropped:
            if uid != user || gid != group {
                warnOnce(
                    "not the superuser: every file is of this user; --rootless notes whose it is",
                    "owner")
            }
            return nil
        }
    }

    /// The extended attributes that a file is given.
    private func attributes(
        of entry: TarEntry, _ path: EntryPath
    ) throws(TarError) -> [TarEntry.ExtendedAttribute] {
        var attributes = entry.extendedAttributes
        if !attributes.isEmpty { attributes.removeAll { !EntryEncoder.isKept($0.name) } }
        guard ownership == .recorded else { return attributes }
        attributes.removeAll { $0.name == RootlessOwner.attribute }
        // Only files and directories can have attributes of users.
        guard entry.kind == .file || entry.kind == .directory else { return attributes }
        let uid = UInt32(truncatingIfNeeded: entry.uid)
        let gid = UInt32(truncatingIfNeeded: entry.gid)
        if let value = RootlessOwner.encode(uid: uid, gid: gid) {
            attributes.append(
                TarEntry.ExtendedAttribute(name: RootlessOwner.attribute, value: value))
        }
        return attributes
    }

    /// Sets one attribute; one that cannot be here is left out with a warning.
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
        } catch  where error == .notSupported || (error.rawValue == EPERM && !isSuperuser) {
            warnOnce(
                "attribute \(name.quoted) is left out, first of \(path.path.quoted): \(error)",
                name.description)
        } catch {
            throw .attribute(path: path.path, name: name, error)
        }
    }

    /// Removes the attributes of a directory that its new entry does not have.
    func clearAttributes(
        of descriptor: CInt, _ entry: TarEntry, _ path: EntryPath
    ) throws(TarError) {
        let kept = Set(try attributes(of: entry, path).map(\.name))
        for name in try attributeNames(of: descriptor, path)
        where EntryEncoder.isKept(name) && !kept.contains(name) {
            do {
                _ = try Path(name).withCString { (name) throws(Errno) in
                    try retryingInterrupts { system_fremovexattr(descriptor, name) }
                }
            } catch  where error == .noData || (error.rawValue == EPERM && !isSuperuser) {
                continue
            } catch {
                throw .attribute(path: path.path, name: Path(name), error)
            }
        }
    }

    private func attributeNames(
        of descriptor: CInt, _ path: EntryPath
    ) throws(TarError) -> [[UInt8]] {
        do {
            var size = try retryingInterrupts { system_flistxattr(descriptor, nil, 0) }
            if size == 0 { return [] }
            // Nobody else gives attributes to what is unpacked; a few more bytes all the same.
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

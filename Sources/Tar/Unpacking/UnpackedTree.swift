import ByteStream
import CSystem
import Glibc

extension TreeExtractor {
    /// Opens the directory that `path` leads to.
    ///
    /// - Parameter entry: for whose sake what is missing is made, with its time; nil makes nothing.
    /// - Returns: nil when something is missing and nothing is to be made.
    /// - Throws: `TarError.refused` when something that is no directory is in the way.
    func directory(
        _ path: ArraySlice<UInt8>, createdFor entry: TarEntry?
    ) throws(TarError) -> UnpackedDirectory? {
        var current = stack.nearest(to: path)
        while current.path.count < path.count {
            let start = path.startIndex + current.path.count + (current.path.isEmpty ? 0 : 1)
            let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            guard
                let next = try open(
                    Path(path[start..<end]), in: current, path: Array(path[..<end]), entry)
            else { return nil }
            stack.push(next)
            current = next
        }
        return current
    }

    /// Opens one component, which may be a link to somewhere else in the tree.
    private func open(
        _ name: Path, in parent: UnpackedDirectory, path: [UInt8], _ entry: TarEntry?
    ) throws(TarError) -> UnpackedDirectory? {
        let flags = system_O_PATH | O_DIRECTORY | O_CLOEXEC
        let opened: CInt
        do {
            opened = try name.withCString { (name) throws(Errno) in
                try retryingInterrupts {
                    system_openat(parent.descriptor, name, flags | O_NOFOLLOW, 0)
                }
            }
        } catch {
            do {
                opened = try root.open(Path(path), flags: flags)
            } catch .noEntry {
                guard let entry else { return nil }
                opened = try create(Path(path), for: entry)
            } catch {
                throw TreeExtractor.inTheWay(path, error)
            }
        }
        let directory = try UnpackedDirectory(opened, path: path)
        if !isSuperuser { try openUp(directory) }
        record(directory)
        return directory
    }

    private static func inTheWay(_ path: [UInt8], _ error: Errno) -> TarError {
        switch error.rawValue {
        case ENOTDIR: .refused(path: Path(path), "it is not a directory, but has entries")
        case ELOOP: .refused(path: Path(path), "its links lead in a circle")
        case ENAMETOOLONG: .refused(path: Path(path), "a name or link target is too long")
        default: .unpack(path: Path(path), error)
        }
    }

    /// Makes the directories that lead to an entry and that no layer has an entry for.
    private func create(_ path: Path, for entry: TarEntry) throws(TarError) -> CInt {
        var failure: TarError?
        do throws(Errno) {
            return try root.makeDirectory(path) { (path, parent) throws(Errno) in
                do throws(TarError) {
                    let owner = try UnpackedDirectory(dup(parent), path: path.directory.bytes)
                    var implied = TarEntry(kind: .directory, path: path.bytes, mode: 0o755)
                    implied.modificationTime = entry.modificationTime
                    implied.modificationNanoseconds = entry.modificationNanoseconds
                    path.name.bytes.withUnsafeBytes { names.insert($0, in: owner.identity) }
                    try unpackDirectory(implied, EntryPath(path.bytes), in: owner)
                } catch {
                    failure = error
                    throw .cancelled
                }
            }
        } catch {
            throw failure ?? TreeExtractor.inTheWay(path.bytes, error)
        }
    }

    /// Lets this user work in a directory of their own, until everything is unpacked.
    private func openUp(_ directory: UnpackedDirectory) throws(TarError) {
        let mode = directory.status.st_mode & 0o7777
        guard mode != accessible(mode), directory.status.st_uid == user else { return }
        let result = Path("/proc/self/fd/\(directory.descriptor)").withCString {
            chmod($0, accessible(mode))
        }
        if result == -1 { throw .unpack(path: Path(directory.path), Errno.current) }
        record(directory)
        records[directory.identity]?.mode = mode
    }

    /// The same for a directory by its name.
    func makeAccessible(_ name: UnsafePointer<CChar>, in parent: CInt) throws(Errno) {
        let flags = system_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let descriptor = try retryingInterrupts { system_openat(parent, name, flags, 0) }
        defer { close(descriptor) }
        let result = Path("/proc/self/fd/\(descriptor)").withCString { chmod($0, 0o700) }
        if result == -1 { throw Errno.current }
    }

    /// A directory's mode while entries are put into it.
    func accessible(_ mode: UInt32) -> UInt32 { isSuperuser ? mode : mode | 0o700 }

    /// Remembers the time of a directory that is about to change, the first time.
    func record(_ directory: UnpackedDirectory) {
        if records[directory.identity] != nil { return }
        records[directory.identity] = DirectoryRecord(
            path: directory.path, modificationTime: directory.modificationTime, mode: nil)
    }

    /// Remembers what a directory's own entry says.
    func record(_ directory: UnpackedDirectory, _ entry: TarEntry) {
        records[directory.identity] = DirectoryRecord(
            path: directory.path, modificationTime: entry.timestamp,
            mode: accessible(entry.mode) == entry.mode ? nil : entry.mode)
    }

    /// Gives every directory its time, and its mode where it had to wait: those inside first.
    func finishDirectories() throws(TarError) {
        let remaining = records.sorted {
            $1.value.path.lexicographicallyPrecedes($0.value.path)
        }
        records.removeAll()
        for (identity, record) in remaining {
            let path = try EntryPath(record.path)
            guard let descriptor = try reopen(path) else { continue }
            defer { close(descriptor) }
            var status = stat()
            // Gone, and its name taken by another.
            guard fstat(descriptor, &status) == 0, FileIdentity(status) == identity else {
                continue
            }
            if let mode = record.mode, fchmod(descriptor, mode) == -1 {
                throw .unpack(path: path.path, Errno.current)
            }
            try setTime(of: descriptor, record.modificationTime, path)
        }
    }

    private func reopen(_ path: EntryPath) throws(TarError) -> CInt? {
        do {
            return try root.open(path.path, flags: O_RDONLY | O_DIRECTORY)
        } catch  where [.noEntry, .notDirectory, .tooManyLinks].contains(error) {
            return nil
        } catch {
            throw .unpack(path: path.path, error)
        }
    }
}

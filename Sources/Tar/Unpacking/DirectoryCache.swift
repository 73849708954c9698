import ByteStream
import CSystem
import Glibc

/// Opens the directories of the unpacked tree, makes them accessible to a user whom their modes
/// would exclude, and sets their times and modes at the end.
final class DirectoryCache {
    /// Creates the directory `path`, which has no links in it, in its parent.
    typealias Creation = (_ path: Path, _ parent: UnpackedDirectory) throws(TarError) -> Void

    private let confined: ConfinedRoot
    private let privileges: Privileges
    private let names: UnpackedNames
    private var stack: DirectoryStack
    private var records = DirectoryRecords()

    /// - Parameters:
    ///   - names: the names that the current layer has created.
    ///   - resolvesByKernel: whether openat2(2) is used.
    /// - Throws: `TarError.target`.
    init(
        _ directory: Path, _ privileges: Privileges, _ names: UnpackedNames, resolvesByKernel: Bool
    ) throws(TarError) {
        self.privileges = privileges
        self.names = names
        do {
            confined = try ConfinedRoot(directory, usesKernel: resolvesByKernel)
            stack = DirectoryStack(
                root: try UnpackedDirectory(confined.directory, path: [], realPath: []))
        } catch let error as Errno {
            throw .target(path: directory, error)
        } catch let error as TarError {
            throw error
        } catch {
            throw .source(InternalError(error))
        }
        try openUp(stack.root)
        record(stack.root)
    }

    var root: UnpackedDirectory { stack.root }

    // MARK: Opening

    /// Opens a directory; links on `path` are resolved as in a chroot.
    ///
    /// A component of `path` is replaced by a directory when it is from a lower layer and is a file,
    /// or a link that leads to a file or in a circle. The target of a link is never replaced.
    ///
    /// - Parameter create: creates missing directories, and replaces files of lower layers that are
    ///   in the way; nil creates nothing.
    /// - Returns: nil when a directory is missing and `create` is nil.
    /// - Throws: `TarError.refused` when another type of file is in the way.
    func directory(
        _ path: ArraySlice<UInt8>, creating create: Creation?
    ) throws(TarError) -> UnpackedDirectory? {
        var current = stack.nearest(to: path)
        while current.path.count < path.count {
            let end = DirectoryCache.componentEnd(in: path, after: current)
            switch try open(Array(path[..<end]), in: current, create) {
            case .opened(let next):
                stack.push(next)
                current = next
            case .replaced:
                // The components before this one may have led through the link.
                stack.forget()
                current = stack.root
            case .missing: return nil
            }
        }
        return current
    }

    /// Opens a directory when no component of `path` is a link.
    ///
    /// - Returns: nil when it does not exist, is not a directory, or is behind a link.
    func directoryWithoutLinks(
        _ path: ArraySlice<UInt8>
    ) throws(TarError) -> UnpackedDirectory? {
        var current = stack.nearest(to: path)
        if current.isBehindLink { return nil }
        while current.path.count < path.count {
            let end = DirectoryCache.componentEnd(in: path, after: current)
            let next = Array(path[..<end])
            let file: OwnedDescriptor
            do throws(Errno) {
                file = try openComponent(Path(next).name, in: current)
            } catch {
                switch error.rawValue {
                case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG: return nil
                default: throw .unpack(path: Path(next), error)
                }
            }
            current = try opened(file, path: next, realPath: next)
            stack.push(current)
        }
        return current
    }

    private static func componentEnd(
        in path: ArraySlice<UInt8>, after directory: UnpackedDirectory
    ) -> Int {
        let start = path.startIndex + directory.path.count + (directory.path.isEmpty ? 0 : 1)
        return path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
    }

    /// The result of opening one component.
    private enum Step {
        case opened(UnpackedDirectory)
        /// A new directory replaces another type of file.
        case replaced
        case missing
    }

    /// Opens one component, which may be a link to another directory of the tree.
    private func open(
        _ path: [UInt8], in parent: UnpackedDirectory, _ create: Creation?
    ) throws(TarError) -> Step {
        let name = Path(path).name
        var component = Result { () throws(Errno) in try openComponent(name, in: parent) }
        if case .failure(.noEntry) = component {
            guard let create else { return .missing }
            try create(Path(path), parent)
            component = Result { () throws(Errno) in try openComponent(name, in: parent) }
            if case .failure(let error) = component { throw .unpack(path: Path(path), error) }
        }
        guard case .success(let file) = component else {
            return try follow(path, in: parent, create)
        }
        return .opened(try opened(file, path: path, realPath: parent.realPath(of: name.bytes)))
    }

    /// Opens one component that is not a directory itself, and makes the missing directories that
    /// it leads to.
    private func follow(
        _ path: [UInt8], in parent: UnpackedDirectory, _ create: Creation?
    ) throws(TarError) -> Step {
        var failure: TarError?
        let result = Result { () throws(Errno) in
            try confined.openDirectory(Path(path)) { (path, parent) throws(Errno) in
                guard let create else { throw .noEntry }
                do throws(TarError) {
                    let above = Array(EntryPath(resolved: path.bytes).parent)
                    try create(path, opened(parent, path: above, realPath: above))
                } catch {
                    failure = error
                    throw .cancelled
                }
            }
        }
        if let failure { throw failure }
        switch result {
        case .success(let (file, realPath)):
            return .opened(try opened(file, path: path, realPath: realPath.bytes))
        case .failure(.noEntry) where create == nil: return .missing
        case .failure(let error):
            let name = Path(path).name.bytes
            let isOwn = name.withUnsafeBytes { names.contains($0, in: parent.identity) }
            guard let create, !isOwn, error == .notDirectory || error == .tooManyLinks else {
                throw DirectoryCache.inTheWay(path, error)
            }
            // A lower layer has another type of file here, which this layer's directory replaces.
            try create(Path(path), parent)
            return .replaced
        }
    }

    private func openComponent(
        _ name: Path, in parent: UnpackedDirectory
    ) throws(Errno) -> OwnedDescriptor {
        let flags = system_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        return try name.withCString { (name) throws(Errno) in
            try OwnedDescriptor(name, in: parent.descriptor, flags: flags)
        }
    }

    /// Records a directory that was opened.
    private func opened(
        _ file: OwnedDescriptor, path: [UInt8], realPath: [UInt8]
    ) throws(TarError) -> UnpackedDirectory {
        let directory = try UnpackedDirectory(file, path: path, realPath: realPath)
        try openUp(directory)
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

    /// Adds a directory that was just created or changed to the stack, for the entries that follow.
    func push(_ directory: UnpackedDirectory) { stack.push(directory) }

    /// Closes all directories but the root, because names may lead elsewhere from now on.
    func forget() { stack.forget() }

    // MARK: Modes

    /// Makes a directory of this user accessible until everything is unpacked.
    private func openUp(_ directory: UnpackedDirectory) throws(TarError) {
        let mode = directory.mode
        guard mode != privileges.accessible(mode), directory.status.st_uid == privileges.user else {
            return
        }
        let result = directory.file.procPath.withCString { chmod($0, privileges.accessible(mode)) }
        if result == -1 { throw .unpack(path: Path(directory.path), Errno.current) }
        record(directory)
        if records[directory.identity]?.mode == nil { records[directory.identity]?.mode = mode }
    }

    /// Opens a directory for reading; a directory of this user is made accessible for that.
    func openForReading(
        _ name: UnsafePointer<CChar>, in parent: CInt
    ) throws(Errno) -> OwnedDescriptor {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        do {
            return try OwnedDescriptor(name, in: parent, flags: flags)
        } catch  where error.rawValue == EACCES && !privileges.overridesAccess {
            try makeAccessible(name, in: parent)
            return try OwnedDescriptor(name, in: parent, flags: flags)
        }
    }

    /// Opens a directory to remove its contents; a directory of this user is made accessible for
    /// that.
    func openToClear(
        _ name: UnsafePointer<CChar>, in parent: CInt, _ path: Path
    ) throws(TarError) -> OpenDirectory {
        if privileges.overridesAccess {
            return try OpenDirectory(name, in: parent, path: path)
        }
        do {
            let directory = try OpenDirectory(name, in: parent, path: path)
            let status = try directory.status()
            let mode = status.st_mode & 0o7777
            if mode == privileges.accessible(mode) || status.st_uid != privileges.user {
                return directory
            }
        } catch .open(_, let error) where error.rawValue == EACCES {
        }
        do {
            try makeAccessible(name, in: parent)
        } catch {
            throw .unpack(path: path, error)
        }
        return try OpenDirectory(name, in: parent, path: path)
    }

    private func makeAccessible(
        _ name: UnsafePointer<CChar>, in parent: CInt
    ) throws(Errno) {
        let flags = system_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let file = try OwnedDescriptor(name, in: parent, flags: flags)
        if file.procPath.withCString({ chmod($0, 0o700) }) == -1 { throw Errno.current }
    }

    // MARK: The end

    /// Records the time of a directory before its first change.
    private func record(_ directory: UnpackedDirectory) {
        if records[directory.identity] != nil { return }
        records[directory.identity] = DirectoryRecord(
            path: directory.realPath, modificationTime: directory.status.st_mtim)
    }

    /// Records the attributes in a directory's own entry.
    ///
    /// - Parameter owner: the owner to set at the end; nil when it is set already.
    func record(
        _ directory: UnpackedDirectory, _ entry: TarEntry, mode: UInt32,
        owner: (uid: UInt32, gid: UInt32)?
    ) {
        records[directory.identity] = DirectoryRecord(
            path: directory.realPath, modificationTime: entry.timestamp,
            mode: privileges.accessible(mode) == mode && owner == nil ? nil : mode, owner: owner)
    }

    /// Finishes the directories so far when too many are recorded.
    ///
    /// No directory may be in use.
    func finishIfFull() throws(TarError) {
        guard records.isFull else { return }
        stack.forget()
        // The root stays open, and therefore accessible.
        let record = records[root.identity]
        records[root.identity] = nil
        try finish()
        records[root.identity] = record
    }

    /// Sets the time of every directory, and deferred owners and modes, the innermost first.
    func finish() throws(TarError) {
        confined.keepsTrail = true
        defer { confined.keepsTrail = false }
        for (identity, record) in records.removeAll() {
            let path = Path(record.path)
            guard let file = try reopen(path) else { continue }
            var status = stat()
            // It was removed, and another file has its name.
            guard fstat(file.rawValue, &status) == 0, FileIdentity(status) == identity else {
                continue
            }
            if let mode = record.mode, fchmod(file.rawValue, mode) == -1 {
                throw .unpack(path: path, Errno.current)
            }
            let times = [record.modificationTime, record.modificationTime]
            if futimens(file.rawValue, times) == -1 {
                throw .unpack(path: path, Errno.current)
            }
            if let owner = record.owner, fchown(file.rawValue, owner.uid, owner.gid) == -1 {
                throw .unpack(path: path, Errno.current)
            }
        }
        stack.forget()
    }

    private func reopen(_ path: Path) throws(TarError) -> OwnedDescriptor? {
        do {
            return try confined.open(path, flags: O_RDONLY | O_DIRECTORY)
        } catch  where [.noEntry, .notDirectory, .tooManyLinks].contains(error) {
            return nil
        } catch {
            throw .unpack(path: path, error)
        }
    }
}

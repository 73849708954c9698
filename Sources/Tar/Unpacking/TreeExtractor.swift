import ByteStream
import CSystem
import Glibc

/// Applies layers to a directory, the lowest first.
///
/// Nothing outside the directory is read, written or removed, whatever names and links a tar or the
/// directory has: every operation is on one component in an open directory, and the links on the way
/// to it are resolved as in a chroot. A file that an entry replaces is removed first, never written
/// to.
///
/// - Spec: image-spec v1.1.1, layer.md, "Applying Changesets".
public final class TreeExtractor {
    /// How the owners in a layer are treated.
    public enum Ownership: Sendable {
        /// Files get the owners.
        case applied
        /// Files belong to the user; owners other than root are recorded in an attribute, for tools
        /// that pack the tree again.
        case recorded
        /// Files belong to the user.
        case dropped
    }

    private let list: ((TarEntry) -> Void)?
    private let warn: (String) -> Void
    private let names: UnpackedNames
    let directories: DirectoryCache
    let attributes: AttributeSetter
    let remover: WhiteoutRemover

    /// - Parameters:
    ///   - directory: must exist.
    ///   - isRootless: whether owners are recorded and devices become empty files; otherwise owners
    ///     are applied when this process may change them, and dropped when not.
    ///   - warn: called with a message for each thing that is left out.
    ///   - list: called with each entry before it is unpacked.
    /// - Throws: `TarError.target`.
    public convenience init(
        _ directory: Path, isRootless: Bool, warn: @escaping (String) -> Void,
        list: ((TarEntry) -> Void)? = nil
    ) throws(TarError) {
        let ownership: Ownership =
            isRootless ? .recorded : Privileges().changesOwners ? .applied : .dropped
        try self.init(directory, ownership: ownership, warn: warn, list: list)
    }

    /// - Parameters:
    ///   - resolvesByKernel: whether openat2(2) is used.
    ///   - nameLimit: the maximum number of names of one layer.
    init(
        _ directory: Path, ownership: Ownership, resolvesByKernel: Bool = true,
        nameLimit: Int = UnpackedNames.countLimit,
        warn: @escaping (String) -> Void, list: ((TarEntry) -> Void)? = nil
    ) throws(TarError) {
        let privileges = Privileges()
        OpenDirectory.raiseLimit()
        self.list = list
        self.warn = warn
        names = UnpackedNames(countLimit: nameLimit)
        directories = try DirectoryCache(
            directory, privileges, names, resolvesByKernel: resolvesByKernel)
        attributes = AttributeSetter(ownership, privileges, warn: warn)
        remover = WhiteoutRemover(directories: directories, names: names)
    }

    /// Applies one layer.
    ///
    /// - Parameters:
    ///   - input: a tar.
    ///   - path: the name of the tar in messages.
    ///   - isEndProved: whether something else, such as a digest, proves that the input is
    ///     complete. Then the end-of-archive marker, which some tools omit, is not required, and an
    ///     empty input is a layer without entries.
    /// - Throws: `TarError`, with `.source` for what the input throws. Then part of the layer is
    ///   unpacked; every file in it is whole.
    public func apply(
        _ input: any ByteSource, path: Path, isEndProved: Bool = false
    ) throws(TarError) {
        names.removeAll()
        remover.beginLayer()
        var reader = TarReader(input, path: path, isEndProved: isEndProved, warn: warn)
        while let entry = try reader.next() {
            list?(entry)
            try directories.finishIfFull()
            if entry.kind == .file {
                try unpackFile(entry, from: &reader)
            } else {
                try unpack(entry)
            }
        }
        try directories.finish()
    }

    private func unpackFile(
        _ entry: TarEntry, from reader: inout TarReader
    ) throws(TarError) {
        guard let (path, parent) = try place(of: entry) else { return try reader.skipData() }
        let file = OwnedDescriptor(
            try make(path, in: parent) { name in
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
                return system_openat(parent.descriptor, name, flags, 0o600)
            })
        do throws(TarError) {
            try write(entry, path, from: &reader, to: file.descriptor)
            try attributes.set(
                of: file, entry, path, isInherited: attributes.inheritsOwner(entry, parent))
            try attributes.setTime(of: file, entry.timestamp, path)
        } catch {
            // A file that is not whole loses its name.
            _ = Path(path.name).withCString { unlinkat(parent.descriptor, $0, 0) }
            throw error
        }
    }

    /// Writes a file's data; holes of a sparse file stay holes.
    private func write(
        _ entry: TarEntry, _ path: EntryPath, from reader: inout TarReader,
        to file: FileDescriptor
    ) throws(TarError) {
        let isSparse = reader.isSparse
        func check(_ body: () throws(Errno) -> Void) throws(TarError) {
            do {
                try body()
            } catch {
                throw .stream(.write(path: path.path, error))
            }
        }
        try reader.readData(
            hole: { (count) throws(TarError) in
                try check { () throws(Errno) in
                    try retryingInterrupts { lseek(file.rawValue, off_t(count), SEEK_CUR) }
                }
            },
            { (bytes) throws(TarError) in
                try check { () throws(Errno) in try file.writeAll(bytes) }
            })
        guard isSparse else { return }
        try check { () throws(Errno) in
            try retryingInterrupts { ftruncate(file.rawValue, off_t(entry.size)) }
        }
    }

    /// Unpacks an entry without data.
    private func unpack(_ entry: TarEntry) throws(TarError) {
        guard let (path, parent) = try place(of: entry) else { return }
        switch entry.kind {
        case .directory: try unpackDirectory(entry, path, in: parent)
        case .hardLink: try unpackHardLink(entry, path, in: parent)
        case .symbolicLink:
            try make(path, in: parent) { name in
                Path(entry.linkTarget).withCString { symlinkat($0, parent.descriptor, name) }
            }
            try attributes.setLink(entry, path, in: parent)
        case .fifo: try makeNode(entry, path, in: parent)
        case .characterDevice, .blockDevice:
            if attributes.ownership == .recorded {
                attributes.warnOnce(
                    "devices become empty files, the first is \(path.path.quoted)", "device")
                var standIn = entry
                standIn.kind = .file
                try makeNode(standIn, path, in: parent)
            } else {
                try makeNode(entry, path, in: parent)
            }
        case .file: preconditionFailure("a file has data")
        }
    }

    /// The directory and name of an entry. A whiteout is applied instead.
    private func place(
        of entry: TarEntry
    ) throws(TarError) -> (EntryPath, in: UnpackedDirectory)? {
        let path = try EntryPath(entry.path)
        if try remover.carryOut(path) { return nil }
        try entry.checkIsPossible(at: path)
        if path.isRoot { return (path, directories.root) }
        let parent = try directories.directory(path.parent) { (path, parent) throws(TarError) in
            try self.makeImplied(path, for: entry, in: parent)
        }
        guard let parent else { throw .unpack(path: path.path, .noEntry) }
        try note(path.name, in: parent, path.path)
        return (path, parent)
    }

    /// Protects a name from the whiteouts of the same layer.
    ///
    /// - Throws: `TarError.refused` when the layer has too many.
    func note(
        _ name: ArraySlice<UInt8>, in parent: UnpackedDirectory, _ path: Path
    ) throws(TarError) {
        guard name.withUnsafeBytes({ names.insert($0, in: parent.identity) }) else {
            throw .refused(path: path, "more than \(names.countLimit) names in one layer")
        }
    }
}

extension TarEntry {
    var timestamp: timespec {
        timespec(tv_sec: Int(modificationTime), tv_nsec: Int(modificationNanoseconds))
    }
}

import ByteStream
import CSystem
import Glibc

/// Applies layers to a directory, the lowest first.
///
/// Nothing outside the directory is read, written or removed, whatever names and links a tar or the
/// directory has: every operation is on one component in an open directory, and the links on the way
/// to it are resolved as in a chroot. What an entry replaces is removed first, never written to.
///
/// - Spec: image-spec v1.1.1, layer.md, "Applying Changesets".
public final class TreeExtractor {
    /// What becomes of the owners that a layer names.
    public enum Ownership: Sendable {
        /// Files get them.
        case applied
        /// Files are the user's; owners other than root are kept in an attribute, for the tools that
        /// pack the tree again.
        case recorded
        /// Files are the user's.
        case dropped
    }

    let ownership: Ownership
    let isSuperuser: Bool
    let warn: (String) -> Void
    private let list: ((TarEntry) -> Void)?
    let root: ConfinedRoot
    var stack: DirectoryStack
    var records: [FileIdentity: DirectoryRecord] = [:]
    var names = UnpackedNames()
    var warnings: Set<String> = []
    let user = geteuid()
    let group = getegid()

    /// - Parameters:
    ///   - directory: must exist.
    ///   - isRootless: whether owners are recorded and devices become empty files; else owners are
    ///     applied by the superuser and dropped by anyone else.
    ///   - list: called with each entry before it is unpacked.
    /// - Throws: `TarError.target`.
    public convenience init(
        _ directory: Path, isRootless: Bool, warn: @escaping (String) -> Void,
        list: ((TarEntry) -> Void)? = nil
    ) throws(TarError) {
        let ownership: Ownership =
            isRootless ? .recorded : geteuid() == 0 ? .applied : .dropped
        try self.init(directory, ownership: ownership, warn: warn, list: list)
    }

    /// - Parameter resolvesByKernel: false does without openat2(2).
    init(
        _ directory: Path, ownership: Ownership, resolvesByKernel: Bool = true,
        warn: @escaping (String) -> Void, list: ((TarEntry) -> Void)? = nil
    ) throws(TarError) {
        self.ownership = ownership
        self.warn = warn
        self.list = list
        isSuperuser = geteuid() == 0
        do {
            root = try ConfinedRoot(directory, usesKernel: resolvesByKernel)
            let descriptor = try root.open(".", flags: O_RDONLY | O_DIRECTORY)
            stack = DirectoryStack(root: try UnpackedDirectory(descriptor, path: []))
        } catch let error as Errno {
            throw .target(path: directory, error)
        } catch let error as TarError {
            throw error
        } catch {
            throw .source(InternalError(error))
        }
        record(stack.root)
    }

    /// Applies one layer.
    ///
    /// - Parameters:
    ///   - input: a tar.
    ///   - path: what messages call it.
    ///   - isEndProved: whether the input ends only where it should, as one does whose digest is
    ///     checked. The end-of-archive marker, which some tools forget, is then not asked for.
    /// - Throws: `TarError`, with `.source` for what the input throws; part of the layer is then
    ///   unpacked, in whole files.
    public func apply(
        _ input: any ByteSource, path: Path, isEndProved: Bool = false
    ) throws(TarError) {
        names = UnpackedNames()
        var reader = TarReader(input, path: path, isEndProved: isEndProved)
        while let entry = try reader.next() {
            list?(entry)
            if entry.kind == .file {
                try unpackFile(entry, from: &reader)
            } else {
                try unpack(entry)
            }
        }
        try finishDirectories()
    }

    private func unpackFile(
        _ entry: TarEntry, from reader: inout TarReader
    ) throws(TarError) {
        guard let (path, parent) = try place(of: entry) else { return try reader.skipData() }
        let descriptor = try make(path, in: parent) { name in
            system_openat(
                parent.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600
            )
        }
        defer { close(descriptor) }
        do throws(TarError) {
            try reader.readData { (bytes) throws(TarError) in
                do throws(Errno) {
                    try FileDescriptor(rawValue: descriptor).writeAll(bytes)
                } catch {
                    throw .stream(.write(path: path.path, error))
                }
            }
            try setAttributes(
                of: descriptor, entry, path, isInherited: inheritsOwner(entry, parent))
            try setTime(of: descriptor, entry.timestamp, path)
        } catch {
            // No file keeps its name that is not whole.
            _ = Path(path.name).withCString { unlinkat(parent.descriptor, $0, 0) }
            throw error
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
            try setLinkAttributes(entry, path, in: parent)
        case .fifo: try makeNode(entry, path, in: parent)
        case .characterDevice, .blockDevice:
            if ownership == .recorded {
                warnOnce("devices become empty files, the first is \(path.path.quoted)", "device")
                var standIn = entry
                standIn.kind = .file
                try makeNode(standIn, path, in: parent)
            } else {
                try makeNode(entry, path, in: parent)
            }
        case .file: preconditionFailure("a file has data")
        }
    }

    /// Where an entry goes, when it is not a whiteout, which is carried out instead.
    private func place(
        of entry: TarEntry
    ) throws(TarError) -> (EntryPath, in: UnpackedDirectory)? {
        let path = try EntryPath(entry.path)
        if path.isRoot {
            guard entry.kind == .directory else {
                throw .refused(path: Path(entry.path), "it is not a directory, but the root is")
            }
            return (path, stack.root)
        }
        if try carryOutWhiteout(path) { return nil }
        guard let parent = try directory(path.parent, createdFor: entry) else {
            throw .unpack(path: path.path, .noEntry)
        }
        path.name.withUnsafeBytes { names.insert($0, in: parent.identity) }
        return (path, parent)
    }

    func warnOnce(_ message: String, _ key: String) {
        if warnings.insert(key).inserted { warn(message) }
    }
}

extension TarEntry {
    var timestamp: timespec {
        timespec(tv_sec: Int(modificationTime), tv_nsec: Int(modificationNanoseconds))
    }
}

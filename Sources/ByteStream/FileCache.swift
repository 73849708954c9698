import Glibc

/// A directory of files for later runs. A run also works without them.
///
/// Several processes may use it at the same time: a file gets its name only when it is complete.
/// Files of other users are not read.
public struct FileCache: Sendable {
    private let directory: Path
    /// The endings of the names of its files.
    private let suffixes: [String]
    private let byteLimit: Int64

    /// - Parameters:
    ///   - directory: created with access only for its owner, when the first file is stored.
    ///   - suffixes: the endings of the names of its files; other files are ignored.
    ///   - byteLimit: the maximum total size of the files; the least recently used are removed
    ///     first.
    public init(_ directory: Path, suffixes: [String], byteLimit: Int64) {
        self.directory = directory
        self.suffixes = suffixes
        self.byteLimit = byteLimit
    }

    public func path(_ name: Path) -> Path { directory.appending(name) }

    /// - Returns: nil for a file that does not exist, is not a regular file of this user, or
    ///   exceeds the limit of the cache.
    /// - Throws: the `Errno` of reading an existing file.
    public func read(_ name: Path) throws(Errno) -> [UInt8]? {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor(
                path(name), flags: O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        } catch .noEntry {
            return nil
        }
        let status = try file.descriptor.status()
        // A file of another user cannot be trusted.
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_size <= byteLimit
        else { return nil }
        var result: Result<Int, Errno> = .success(0)
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { space, count in
            result = Result { () throws(Errno) in
                try file.descriptor.readFully(into: UnsafeMutableRawBufferPointer(space))
            }
            if case .success(let filled) = result { count = filled } else { count = 0 }
        }
        return try result.get() == Int(status.st_size) ? bytes : nil
    }

    /// Marks a file as used.
    public func touch(_ name: Path) {
        _ = path(name).withCString { utimensat(AT_FDCWD, $0, nil, AT_SYMLINK_NOFOLLOW) }
    }

    /// Stores a file with access only for its owner, replaces an existing one, and makes room for
    /// it.
    ///
    /// - Throws: `StreamError`, the `Errno` of creating or listing the directory.
    public func keep(_ bytes: [UInt8], as name: Path) throws {
        try Directory.create(directory, mode: 0o700)
        // Whatever has the name of a file of the cache is replaced.
        if (try? AtomicFile.checkReplaceable(path(name))) == nil {
            _ = path(name).withCString { unlink($0) }
        }
        let file = try AtomicFile(path(name), mode: 0o600)
        try file.write(bytes)
        try file.commit()
        try prune()
    }

    /// Removes the least recently used files while the total size exceeds the limit.
    private func prune() throws(Errno) {
        var files: [(path: Path, time: timespec, size: Int64)] = []
        for name in try Directory.names(in: directory) {
            guard suffixes.contains(where: name.hasSuffix) else { continue }
            let path = path(name)
            // Another process may have removed it.
            guard let status = try? path.status(followingLink: false) else { continue }
            files.append((path, status.st_mtim, Int64(status.st_size)))
        }
        var total = files.reduce(0) { $0 + $1.size }
        files.sort { ($0.time.tv_sec, $0.time.tv_nsec) < ($1.time.tv_sec, $1.time.tv_nsec) }
        for file in files where total > byteLimit {
            _ = file.path.withCString { unlink($0) }
            total -= file.size
        }
    }
}

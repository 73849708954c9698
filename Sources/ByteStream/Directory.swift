import CSystem
import Glibc

/// Operations on directories.
public enum Directory {
    /// Creates the directory and missing directories above it; an existing directory is not
    /// changed.
    ///
    /// - Parameter mode: the mode of the directory itself; those above get the default of the
    ///   umask.
    /// - Throws: the `Errno` of mkdir(2).
    public static func create(_ path: Path, mode: UInt32 = 0o777) throws(Errno) {
        do {
            try make(path, mode)
        } catch .noEntry where path.directory != path {
            try create(path.directory)
            try make(path, mode)
        }
    }

    private static func make(_ path: Path, _ mode: UInt32) throws(Errno) {
        let result = path.withCString { mkdir($0, mode) }
        if result == 0 {
            try synchronize(path.directory)
            return
        }
        let error = Errno.current
        // Another process may have created it; another type of file fails at its first use.
        if error != .exists { throw error }
    }

    /// Makes the names in a directory durable.
    public static func synchronize(_ path: Path) throws(Errno) {
        let directory = try open(path)
        try withExtendedLifetime(directory) { () throws(Errno) in
            try directory.descriptor.synchronize()
        }
    }

    /// The names in a directory without `.` and `..`, unordered.
    public static func names(in path: Path) throws(Errno) -> [Path] {
        guard let directory = path.withCString({ opendir($0) }) else { throw Errno.current }
        defer { closedir(directory) }
        var names: [Path] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw Errno.current }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                Path(bytes.prefix { $0 != 0 })
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Runs `body` while it holds an exclusive lock of the directory.
    ///
    /// The directory itself is locked: no lock file is left, and the kernel releases the lock of a
    /// process that dies.
    ///
    /// - Throws: the result of `failure` for the `Errno` of open(2) or flock(2) (`.cancelled` after
    ///   a signal), and what `body` throws.
    /// - Spec: flock(2).
    public static func withLock<Result, E: Error>(
        _ path: Path, failure: (Errno) -> E, _ body: () throws(E) -> Result
    ) throws(E) -> Result {
        let directory: OwnedDescriptor
        do {
            directory = try open(path)
        } catch {
            throw failure(error)
        }
        while flock(directory.rawValue, LOCK_EX) == -1 {
            let error = Errno.current
            if error != .interrupted { throw failure(error) }
            if Interruption.signal != nil { throw failure(.cancelled) }
        }
        return try withExtendedLifetime(directory) { () throws(E) in try body() }
    }

    private static func open(_ path: Path) throws(Errno) -> OwnedDescriptor {
        try OwnedDescriptor(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
}

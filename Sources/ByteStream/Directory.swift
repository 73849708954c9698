import CSystem
import Glibc

/// What is done with directories as such.
public enum Directory {
    /// Creates the directory and those above it that are missing; one that exists is left alone.
    ///
    /// - Parameter mode: of the directory itself; those above get what the umask leaves.
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
        // Another process may have made it; another kind of file is found out by its first use.
        if error != .exists { throw error }
    }

    /// Makes the names in a directory last.
    public static func synchronize(_ path: Path) throws(Errno) {
        let directory = try open(path)
        try withExtendedLifetime(directory) { () throws(Errno) in
            try directory.descriptor.synchronize()
        }
    }

    /// The names in a directory, `.` and `..` left out, in no particular order.
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

    /// Runs `body` while no other process that does the same has the directory.
    ///
    /// The lock is on the directory itself: nothing is left in it, and a process that dies has
    /// given it back.
    ///
    /// - Throws: what `failure` makes of the `Errno` of open(2) or flock(2) (`.cancelled` after a
    ///   signal), and what `body` throws.
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

import ByteStream
import CSystem
import Glibc
import Synchronization

/// Reads files whose mode denies access to their owner: the mode is changed for the time of one
/// system call.
///
/// Files such as `/etc/shadow` have mode 0 in many images, and only root can read them. The mode is
/// restored before anything else happens, whatever ends the process later.
enum AccessLift {
    private static let lock = Lock()
    private static let hasLifted = Atomic<Bool>(false)

    /// Repeats a system call that returned -1 with EACCES, with the owner's permission `bits` on a
    /// file or directory of this user.
    ///
    /// - Parameter descriptor: of the file or directory, also one of `O_PATH`.
    /// - Returns: what the last call returned; `errno` is that call's.
    static func call<Value: SignedInteger>(
        _ bits: UInt32, on descriptor: CInt, _ call: () -> Value
    ) -> Value {
        let result = call()
        guard result == -1, errno == EACCES else { return result }
        return lock.withLock { lifted(bits, on: descriptor, call) }
    }

    /// Makes a call that reads a mode, never while a mode is changed.
    ///
    /// - Parameter directory: the directory in which the call looks up a name, if it does.
    static func readingModes(
        in directory: CInt? = nil, _ call: () -> CInt
    ) throws(Errno) {
        try retryingInterrupts { () -> CInt in
            let result = call()
            let isDenied = result == -1 && errno == EACCES && directory != nil
            // The result can be a changed mode only if a mode was changed before.
            if !isDenied, !hasLifted.load(ordering: .sequentiallyConsistent) { return result }
            return lock.withLock {
                let result = call()
                guard result == -1, errno == EACCES, let directory else { return result }
                return lifted(0o100, on: directory, call)
            }
        }
    }

    /// Makes the call with the permission, while it holds the lock.
    private static func lifted<Value: SignedInteger>(
        _ bits: UInt32, on descriptor: CInt, _ call: () -> Value
    ) -> Value {
        var status = stat()
        guard fstat(descriptor, &status) == 0, isLiftable(status) else {
            errno = EACCES
            return -1
        }
        let mode = status.st_mode & 0o7777
        let path = Path("/proc/self/fd/\(descriptor)")
        hasLifted.store(true, ordering: .sequentiallyConsistent)
        guard mode & bits != bits, path.withCString({ chmod($0, mode | bits) }) == 0 else {
            errno = EACCES
            return -1
        }
        let result = call()
        let error = errno
        _ = path.withCString { chmod($0, mode) }
        errno = error
        return result
    }

    /// Whether a mode can be changed and restored exactly: chmod(2) clears the set-group-ID bit of
    /// files of groups that the user is not in.
    private static func isLiftable(_ status: stat) -> Bool {
        guard status.st_uid == geteuid(), [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
        else {
            return false
        }
        if status.st_mode & S_ISGID == 0 || status.st_gid == getegid() { return true }
        var groups = [gid_t](repeating: 0, count: Int(max(getgroups(0, nil), 0)))
        let count = getgroups(CInt(groups.count), &groups)
        return count > 0 && groups.prefix(Int(count)).contains(status.st_gid)
    }
}

extension OpenDirectory {
    /// Makes a call that looks up a name in this directory, even if its mode denies that to its
    /// owner.
    func reach<Value: SignedInteger>(_ call: () -> Value) throws(Errno) -> Value {
        try retryingInterrupts { reachOnce(call) }
    }

    /// The same for a call whose failures the caller handles: -1 and `errno`.
    func reachOnce<Value: SignedInteger>(_ call: () -> Value) -> Value {
        AccessLift.call(0o100, on: descriptor, call)
    }

    /// Opens a regular file or directory in this one for reading, even if its mode denies that to
    /// its owner.
    ///
    /// - Parameter flags: of open(2); the last component is never followed.
    func open(_ name: UnsafePointer<CChar>, flags: CInt) throws(Errno) -> OwnedDescriptor {
        do {
            return OwnedDescriptor(
                try reach { system_openat(descriptor, name, flags | O_NOFOLLOW, 0) })
        } catch  where error.rawValue == EACCES {
            let place = OwnedDescriptor(
                try reach {
                    system_openat(descriptor, name, system_O_PATH | O_NOFOLLOW | O_CLOEXEC, 0)
                })
            return try place.procPath.withCString { (path) throws(Errno) in
                OwnedDescriptor(
                    try retryingInterrupts {
                        AccessLift.call(0o400, on: place.rawValue) {
                            system_openat(AT_FDCWD, path, flags & ~O_NOFOLLOW, 0)
                        }
                    })
            }
        }
    }
}

import Glibc

extension Path {
    /// The bytes of a C string.
    public init(cString: UnsafePointer<CChar>) {
        self.init(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
    }

    /// stat(2), or lstat(2) of the path itself.
    ///
    /// - Parameter followingLink: whether a symbolic link stands for the file that it leads to.
    public func status(followingLink: Bool = true) throws(Errno) -> stat {
        var status = stat()
        let result = withCString { followingLink ? stat($0, &status) : lstat($0, &status) }
        if result == -1 { throw Errno.current }
        return status
    }

    /// The file type bits of the mode, such as `S_IFREG`; nil when there is no file, or it cannot be
    /// reached.
    ///
    /// - Parameter followingLink: as of `status`.
    public func fileType(followingLink: Bool = true) -> mode_t? {
        do {
            return try status(followingLink: followingLink).st_mode & S_IFMT
        } catch {
            return nil
        }
    }

    /// The absolute path without links, `.` and `..`; nil when there is no such file.
    ///
    /// - Spec: realpath(3).
    public var realPath: Path? {
        withCString { name in
            guard let resolved = realpath(name, nil) else { return nil }
            defer { free(resolved) }
            return Path(cString: resolved)
        }
    }

    /// The target of a symbolic link; nil for anything else.
    public var linkTarget: Path? {
        withCString { name in
            do {
                return try readLink { buffer, size in readlink(name, buffer, size) }
            } catch {
                return nil
            }
        }
    }
}

extension OwnedDescriptor {
    /// The absolute path of the open file without links, as the kernel knows it now.
    ///
    /// - Throws: the `Errno` of readlink(2), also for a path that is too long for the kernel.
    /// - Spec: proc(5), `/proc/self/fd`.
    public func realPath() throws(Errno) -> Path {
        try procPath.withCString { (name) throws(Errno) in
            try readLink { buffer, size in readlink(name, buffer, size) }
        }
    }
}

/// Reads the target of a symbolic link. The kernel keeps targets under 4096 bytes.
///
/// - Parameter call: readlink(2) or readlinkat(2) with a buffer and its size.
public func readLink(
    _ call: (UnsafeMutablePointer<CChar>, Int) -> Int
) throws(Errno) -> Path {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = try retryingInterrupts { call(&target, target.count) }
    return Path(target[..<count].map { UInt8(bitPattern: $0) })
}

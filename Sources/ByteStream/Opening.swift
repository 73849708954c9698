import CSystem
import Glibc

/// openat(2), repeated after a signal that the tool does not handle.
///
/// - Throws: `Errno.cancelled` after a signal, because opening a FIFO may take forever.
func openFile(
    _ directory: CInt, _ name: UnsafePointer<CChar>, _ flags: CInt, _ mode: UInt32
) throws(Errno) -> CInt {
    while true {
        let number = system_openat(directory, name, flags, mode)
        if number != -1 { return number }
        let error = Errno.current
        if error != .interrupted { throw error }
        if Interruption.signal != nil { throw .cancelled }
    }
}

extension OwnedDescriptor {
    /// Opens a file for reading, never as a controlling terminal, and closed on exec.
    ///
    /// A FIFO is opened when it has a writer. A signal ends the wait, also one that arrives just
    /// before it.
    ///
    /// - Throws: the `Errno` of open(2); `.cancelled` after a signal.
    /// - Spec: fifo(7).
    public convenience init(reading path: Path) throws(Errno) {
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY
        guard path.fileType() == S_IFIFO else {
            try self.init(path, flags: flags)
            return
        }
        try self.init(path, flags: flags | O_NONBLOCK)
        // poll(2) reports a FIFO once a writer has written or closed it. A pipe has no name, so no
        // new writer can come, and it is not waited for.
        if !descriptor.isPipe { try Interruption.wait(for: descriptor, event: POLLIN) }
        try descriptor.makeBlocking()
    }

    /// Opens an existing file to be written in place, never as a controlling terminal, and closed
    /// on exec. A regular file becomes empty.
    ///
    /// A FIFO is opened when it has a reader; a signal ends the wait, as for reading.
    ///
    /// - Throws: the `Errno` of open(2); `.cancelled` after a signal.
    /// - Spec: fifo(7).
    public convenience init(writingInPlace path: Path) throws(Errno) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY
        guard path.fileType() == S_IFIFO else {
            try self.init(path, flags: flags, mode: 0o666)
            return
        }
        self.init(try Self.openWithReader(path, flags | O_NONBLOCK))
        try descriptor.makeBlocking()
    }

    /// No system call waits until a FIFO has a reader, so this tries again every 20 ms.
    private static func openWithReader(_ path: Path, _ flags: CInt) throws(Errno) -> CInt {
        while true {
            do {
                return try path.withCString { (name) throws(Errno) in
                    try openFile(AT_FDCWD, name, flags, 0o666)
                }
            } catch  where error.rawValue == ENXIO {
                try Interruption.pause(milliseconds: 20)
            }
        }
    }
}

/// `PIPEFS_MAGIC` of linux/magic.h.
private let pipeFileSystem: UInt32 = 0x5049_5045

extension FileDescriptor {
    /// Whether a FIFO is a pipe, which has no name.
    fileprivate var isPipe: Bool { system_file_system_type(rawValue) == pipeFileSystem }

    /// Removes `O_NONBLOCK`, for programs that get the file.
    fileprivate func makeBlocking() throws(Errno) {
        let flags = fcntl(rawValue, F_GETFL)
        if flags == -1 || fcntl(rawValue, F_SETFL, flags & ~O_NONBLOCK) == -1 {
            throw Errno.current
        }
    }
}

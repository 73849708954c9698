import CSystem
import Glibc

/// An open file of the kernel that is closed with the last reference to this object.
///
/// Keep the object in a variable or property while its number is used: of a temporary one, the file
/// is closed before the call.
public final class OwnedDescriptor: Sendable {
    /// Valid for as long as this object is.
    public let descriptor: FileDescriptor

    public var rawValue: CInt { descriptor.rawValue }

    /// - Parameter rawValue: an open file, which nobody else closes from now on.
    public init(_ rawValue: CInt) {
        descriptor = FileDescriptor(rawValue: rawValue)
    }

    /// openat(2) with `flags` as given.
    ///
    /// - Parameter directory: where `name` is; nil means the current directory.
    /// - Throws: the `Errno` of openat(2).
    public convenience init(
        _ name: UnsafePointer<CChar>, in directory: CInt? = nil, flags: CInt, mode: UInt32 = 0
    ) throws(Errno) {
        self.init(
            try retryingInterrupts { system_openat(directory ?? AT_FDCWD, name, flags, mode) })
    }

    /// open(2) with `flags` as given.
    ///
    /// - Throws: the `Errno` of open(2).
    public convenience init(_ path: Path, flags: CInt, mode: UInt32 = 0) throws(Errno) {
        self.init(
            try path.withCString { (name) throws(Errno) in
                try retryingInterrupts { system_openat(AT_FDCWD, name, flags, mode) }
            })
    }

    /// Opens a file to read it; never a terminal's control, never inherited.
    ///
    /// - Throws: the `Errno` of open(2).
    public convenience init(reading path: Path) throws(Errno) {
        try self.init(path, flags: O_RDONLY | O_CLOEXEC | O_NOCTTY)
    }

    deinit {
        _ = Glibc.close(rawValue)
    }

    /// A path that leads to the open file, whatever names the file has.
    ///
    /// - Spec: proc(5), `/proc/self/fd`.
    public var procPath: Path { Path("/proc/self/fd/\(rawValue)") }
}

import Glibc

/// An open file descriptor that is closed with the last reference to this object.
///
/// Keep the object in a variable or property while its number is used: the descriptor of a
/// temporary object is closed before the call.
public final class OwnedDescriptor: Sendable {
    /// Valid during the lifetime of this object.
    public let descriptor: FileDescriptor

    public var rawValue: CInt { descriptor.rawValue }

    /// - Parameter rawValue: an open descriptor, which this object now owns.
    public init(_ rawValue: CInt) {
        descriptor = FileDescriptor(rawValue: rawValue)
    }

    /// openat(2) with `flags` as given.
    ///
    /// - Parameter directory: the directory of `name`; nil means the current directory.
    /// - Throws: the `Errno` of openat(2); `.cancelled` when a signal interrupts it.
    public convenience init(
        _ name: UnsafePointer<CChar>, in directory: CInt? = nil, flags: CInt, mode: UInt32 = 0
    ) throws(Errno) {
        self.init(try openFile(directory ?? AT_FDCWD, name, flags, mode))
    }

    /// open(2) with `flags` as given.
    ///
    /// - Throws: the `Errno` of open(2); `.cancelled` when a signal interrupts it.
    public convenience init(_ path: Path, flags: CInt, mode: UInt32 = 0) throws(Errno) {
        self.init(
            try path.withCString { (name) throws(Errno) in
                try openFile(AT_FDCWD, name, flags, mode)
            })
    }

    deinit {
        _ = Glibc.close(rawValue)
    }

    /// A path to the open file that does not depend on its names.
    ///
    /// - Spec: proc(5), `/proc/self/fd`.
    public var procPath: Path { Path("/proc/self/fd/\(rawValue)") }
}

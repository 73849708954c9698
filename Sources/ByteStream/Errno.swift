import CSystem
import Glibc

/// An error number of the operating system.
///
/// - Spec: errno(3).
public struct Errno: Error, RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: CInt

    public init(rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// The `errno` of the last failed call of this thread.
    public static var current: Errno { Errno(rawValue: errno) }

    public static let brokenPipe = Errno(rawValue: EPIPE)
    public static let cancelled = Errno(rawValue: ECANCELED)
    public static let interrupted = Errno(rawValue: EINTR)
    public static let isDirectory = Errno(rawValue: EISDIR)
    public static let noEntry = Errno(rawValue: ENOENT)
    public static let exists = Errno(rawValue: EEXIST)
    public static let wouldBlock = Errno(rawValue: EAGAIN)
    public static let noData = Errno(rawValue: ENODATA)
    public static let notSupported = Errno(rawValue: ENOTSUP)
    public static let tooManyLinks = Errno(rawValue: ELOOP)
    public static let notDirectory = Errno(rawValue: ENOTDIR)
    public static let range = Errno(rawValue: ERANGE)

    /// The C library's text, such as `No such file or directory`.
    public var description: String {
        var text = [CChar](repeating: 0, count: 256)
        system_strerror(rawValue, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Repeats a system call until a signal no longer interrupts it.
///
/// - Throws: the call's `Errno` when it returns -1 for any other reason.
@inlinable
@discardableResult
public func retryingInterrupts<Value: SignedInteger>(
    _ call: () -> Value
) throws(Errno) -> Value {
    while true {
        let value = call()
        if value != -1 { return value }
        let error = Errno.current
        if error != .interrupted { throw error }
    }
}

import CSystem
import Glibc
import Synchronization

/// Signals that a tool handles to clean up before it ends.
///
/// After `arm()`, SIGINT, SIGTERM and SIGHUP make every wait for input or output fail with
/// `ECANCELED` instead of ending the process, and a broken pipe is an error instead of a signal.
/// The tool unwinds as after any other error, and then ends by the signal (`endProcess()`).
public enum Interruption {
    private static let wakeUp = Atomic<CInt>(-1)

    /// Installs the handlers: from now on, signals interrupt instead of killing. Call it before any
    /// thread is started.
    public static func arm() {
        wakeUp.store(system_catch_signals(), ordering: .releasing)
    }

    /// The signal that arrived; nil without one.
    public static var signal: CInt? {
        let number = system_caught_signal()
        return number == 0 ? nil : number
    }

    /// A descriptor that becomes readable with the first signal; nil before `arm()`.
    public static var descriptor: FileDescriptor? {
        let number = wakeUp.load(ordering: .acquiring)
        return number == -1 ? nil : FileDescriptor(rawValue: number)
    }

    /// Waits until `descriptor` is ready for `event` (`POLLIN` or `POLLOUT`).
    ///
    /// - Throws: `Errno.cancelled` when a signal arrived before.
    static func wait(for descriptor: FileDescriptor, event: CInt) throws(Errno) {
        try wait(for: [pollfd(fd: descriptor.rawValue, events: Int16(event), revents: 0)], -1)
    }

    /// Waits for a time.
    ///
    /// - Throws: `Errno.cancelled` when a signal arrived before.
    public static func pause(milliseconds: CInt) throws(Errno) {
        try wait(for: [], milliseconds)
    }

    private static func wait(for files: [pollfd], _ milliseconds: CInt) throws(Errno) {
        var requests = files
        if let wakeUp = Interruption.descriptor {
            requests.append(pollfd(fd: wakeUp.rawValue, events: Int16(POLLIN), revents: 0))
        }
        try retryingInterrupts { poll(&requests, nfds_t(requests.count), milliseconds) }
        if signal != nil { throw .cancelled }
    }

    /// Ends the process by a signal, as its default action would.
    public static func endProcess(by number: CInt) -> Never {
        Glibc.signal(number, SIG_DFL)
        raise(number)
        _exit(128 + number)
    }
}

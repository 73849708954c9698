import CSystem
import Glibc

/// The controlling terminal of this process, if it has one.
public enum Terminal {
    public static var isAvailable: Bool { open() != nil }

    private static func open() -> OwnedDescriptor? {
        try? OwnedDescriptor("/dev/tty" as Path, flags: O_RDWR | O_CLOEXEC | O_NOCTTY)
    }

    /// Prompts for a line and reads it without echo.
    ///
    /// Call `Interruption.arm()` before, so that the terminal's settings are restored after a
    /// signal.
    ///
    /// - Parameter buffer: receives the line without its newline; the rest of a longer line is read
    ///   and dropped.
    /// - Returns: the number of bytes of the line, which is larger than the buffer when the line
    ///   was truncated; nil without a terminal.
    /// - Throws: the `Errno` of reading; `Errno.cancelled` after a signal.
    /// - Spec: termios(3).
    public static func readSecretLine(
        prompt: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int? {
        guard let file = open() else { return nil }
        defer { withExtendedLifetime(file) {} }
        let terminal = file.descriptor
        var settings = termios()
        guard tcgetattr(terminal.rawValue, &settings) == 0 else { return nil }
        let before = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ICANON)
        guard tcsetattr(terminal.rawValue, TCSAFLUSH, &settings) == 0 else { throw .current }
        defer {
            var before = before
            tcsetattr(terminal.rawValue, TCSAFLUSH, &before)
            _ = try? terminal.writeAll([UInt8(ascii: "\n")])
        }
        try terminal.writeAll(Array(prompt.utf8))
        var count = 0
        var byte: UInt8 = 0
        defer { byte = 0 }
        while true {
            try Interruption.wait(for: terminal, event: CInt(POLLIN))
            let isThere = try withUnsafeMutableBytes(of: &byte) { (byte) throws(Errno) in
                try terminal.read(into: byte)
            }
            if isThere == 0 || byte == UInt8(ascii: "\n") { return count }
            if count < buffer.count { buffer[count] = byte }
            count += 1
        }
    }
}

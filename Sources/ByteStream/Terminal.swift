import CSystem
import Glibc

/// The terminal of this process, when it has one.
public enum Terminal {
    /// Asks for a line and reads it without showing it.
    ///
    /// Call `Interruption.arm()` before: a signal then gives the terminal its settings back.
    ///
    /// - Parameter buffer: gets the line, without its newline; what does not fit is read and left out.
    /// - Returns: the number of bytes of the line, which is more than the buffer's when it was cut; nil
    ///   where there is no terminal.
    /// - Throws: the `Errno` of reading; `Errno.cancelled` when a signal came.
    /// - Spec: termios(3).
    public static func readSecretLine(
        prompt: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int? {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor("/dev/tty" as Path, flags: O_RDWR | O_CLOEXEC | O_NOCTTY)
        } catch {
            return nil
        }
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

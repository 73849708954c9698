import CSystem
import Glibc

/// An open file descriptor. It is not owned: `OwnedDescriptor` closes its descriptor.
///
/// Every call is repeated when a signal interrupts it, and waits when the file is non-blocking
/// (some shells and CI runners pass such standard streams). After `Interruption.arm()`, a signal
/// makes reads and writes fail with `Errno.cancelled`.
public struct FileDescriptor: Hashable, Sendable {
    public let rawValue: CInt

    @inlinable
    public init(rawValue: CInt) {
        self.rawValue = rawValue
    }

    public static let standardInput = FileDescriptor(rawValue: STDIN_FILENO)
    public static let standardOutput = FileDescriptor(rawValue: STDOUT_FILENO)
    public static let standardError = FileDescriptor(rawValue: STDERR_FILENO)

    /// Reads at most `buffer.count` bytes; 0 means the end of the file.
    ///
    /// - Throws: the `Errno` of read(2).
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        while true {
            if Interruption.descriptor != nil { try Interruption.wait(for: self, event: POLLIN) }
            let count = Glibc.read(rawValue, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            try waitOrThrow(Errno.current, for: POLLIN)
        }
    }

    /// Reads until `buffer` is full or the file ends; returns the number of bytes.
    public func readFully(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Writes all of `bytes`, in as many calls as needed.
    ///
    /// - Throws: the `Errno` of write(2); then an unknown part of `bytes` was written.
    public func writeAll(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if Interruption.descriptor != nil { try Interruption.wait(for: self, event: POLLOUT) }
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(rawValue, slice.baseAddress, slice.count)
            if count >= 0 {
                if self == .standardOutput { StandardStreams.noteOutput(count) }
                rest = rest[(rest.startIndex + count)...]
            } else {
                try waitOrThrow(Errno.current, for: POLLOUT)
            }
        }
    }

    /// Writes all of `bytes`.
    public func writeAll(_ bytes: [UInt8]) throws(Errno) {
        try bytes.withRawBytes { (bytes) throws(Errno) in try writeAll(bytes) }
    }

    /// Closes the file. On Linux, an interrupted close(2) has closed it too.
    ///
    /// - Throws: the `Errno` of close(2), which may be that of an earlier write.
    public func close() throws(Errno) {
        if Glibc.close(rawValue) == -1, Errno.current != .interrupted { throw Errno.current }
    }

    /// fstat(2).
    public func status() throws(Errno) -> stat {
        var status = stat()
        try retryingInterrupts { fstat(rawValue, &status) }
        return status
    }

    /// fsync(2); files that cannot be synchronised (pipes, some file systems) are ignored.
    public func synchronize() throws(Errno) {
        do {
            try retryingInterrupts { fsync(rawValue) }
        } catch {
            if error.rawValue != EINVAL && error.rawValue != EROFS { throw error }
        }
    }

    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The terminal's width in columns; nil when it is not a terminal or has no known width.
    public var terminalColumns: Int? {
        let columns = system_terminal_columns(rawValue)
        return columns > 0 ? Int(columns) : nil
    }

    /// Enlarges a pipe to 1 MiB, the maximum for ordinary users.
    ///
    /// When it is not a pipe, or the user has too many large pipes, nothing changes.
    func enlargePipe() {
        _ = system_set_pipe_size(rawValue, CInt(bufferByteCount))
    }

    private func waitOrThrow(_ error: Errno, for event: CInt) throws(Errno) {
        if error == .interrupted { return }
        guard error == .wouldBlock else { throw error }
        try Interruption.wait(for: self, event: event)
    }
}

/// The size of output buffers, and of pipes between tools if the kernel allows it: 1 MiB.
public let bufferByteCount = 1 << 20

/// The size of reads for hashing: 256 KiB, which are still in the processor's cache when they are
/// compressed or written afterwards.
public let readByteCount = 256 << 10

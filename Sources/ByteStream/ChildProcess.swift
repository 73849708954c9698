import CSystem
import Glibc

/// Another program, run to its end.
public enum ChildProcess {
    public struct Result: Sendable {
        /// 128 and more when a signal ended it.
        public let status: CInt
        /// Its output on stdout, up to the limit.
        public let output: [UInt8]
    }

    /// The maximum number of bytes of input: the capacity of a pipe.
    public static let inputLimit = 64 << 10

    /// Runs `program`, looked up in PATH, with `input` on its stdin. Its stderr is discarded.
    ///
    /// - Throws: the `Errno` of starting it; `Errno.cancelled` after a signal, when the program has
    ///   ended.
    public static func run(
        _ program: Path, arguments: [Path], input: [UInt8], outputLimit: Int
    ) throws(Errno) -> Result {
        guard input.count <= inputLimit else { throw Errno(rawValue: E2BIG) }
        let stdin = try Pipe()
        let stdout: Pipe
        do {
            stdout = try Pipe()
        } catch {
            stdin.close()
            throw error
        }
        defer {
            stdin.close()
            stdout.close()
        }
        // The pipe has room for all of the input, so a program that does not read it cannot block
        // this process.
        try stdin.writing.writeAll(input)
        let process = try spawn([program] + arguments, stdin.reading, stdout.writing)
        stdin.close()
        stdout.closeWriting()
        do {
            let output = try read(stdout.reading, limit: outputLimit)
            return Result(status: system_wait(process), output: output)
        } catch {
            kill(process, SIGTERM)
            _ = system_wait(process)
            throw error
        }
    }

    /// - Parameter errors: its stderr; nil means `/dev/null`.
    static func spawn(
        _ arguments: [Path], _ input: FileDescriptor, _ output: FileDescriptor,
        errors: FileDescriptor? = nil
    ) throws(Errno) -> CInt {
        var strings = arguments.map { argument in
            argument.withCString { strdup($0) }
        }
        defer { for string in strings { free(string) } }
        strings.append(nil)
        var process: CInt = 0
        let error = system_spawn(
            &process, strings, input.rawValue, output.rawValue, errors?.rawValue ?? -1)
        if error != 0 { throw Errno(rawValue: error) }
        return process
    }

    /// - Parameter stopsAtLimit: whether the rest is left unread; otherwise it is read and dropped.
    static func read(
        _ descriptor: FileDescriptor, limit: Int, stopsAtLimit: Bool = false
    ) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try descriptor.read(into: buffer)
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer.prefix(min(count, limit - bytes.count)))
            if stopsAtLimit, bytes.count == limit { return bytes }
        }
    }
}

/// Both ends of pipe2(2), closed on exec.
final class Pipe {
    let reading: FileDescriptor
    let writing: FileDescriptor
    private var readingIsOpen = true
    private var writingIsOpen = true

    init() throws(Errno) {
        var numbers: [CInt] = [-1, -1]
        try retryingInterrupts { system_pipe2(&numbers, O_CLOEXEC) }
        reading = FileDescriptor(rawValue: numbers[0])
        writing = FileDescriptor(rawValue: numbers[1])
    }

    func closeWriting() {
        if writingIsOpen { _ = Glibc.close(writing.rawValue) }
        writingIsOpen = false
    }

    func closeReading() {
        if readingIsOpen { _ = Glibc.close(reading.rawValue) }
        readingIsOpen = false
    }

    /// Gives up the writing end: the caller closes it.
    func disownWriting() { writingIsOpen = false }

    func close() {
        closeWriting()
        closeReading()
    }
}

import CSystem
import Glibc

/// Another program, run to its end.
public enum ChildProcess {
    /// How the program ended, and what it wrote.
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
    /// A program whose output reaches the limit is ended.
    /// - Throws: the `Errno` of starting it; `Errno.cancelled` after a signal, when the program has
    ///   ended.
    public static func run(
        _ program: Path, arguments: [Path], input: [UInt8], outputLimit: Int
    ) throws(Errno) -> Result {
        guard input.count <= inputLimit else { throw Errno(rawValue: E2BIG) }
        let (process, stdout) = try start([program] + arguments, input)
        do {
            let output = try read(consume stdout, limit: outputLimit)
            if output.count == outputLimit { kill(process, SIGTERM) }
            return Result(status: system_wait(process), output: output)
        } catch {
            kill(process, SIGTERM)
            _ = system_wait(process)
            throw error
        }
    }

    /// Starts a program whose input fits into a pipe.
    ///
    /// - Returns: the process, and the end of its stdout to read from; the other ends are closed.
    private static func start(
        _ arguments: [Path], _ input: [UInt8]
    ) throws(Errno) -> (process: CInt, stdout: OwnedDescriptor) {
        let stdin = try Pipe()
        let stdout = try Pipe()
        // The pipe has room for all of the input, so a program that does not read it cannot block
        // this process.
        try stdin.writing.descriptor.writeAll(input)
        return (try spawn(arguments, stdin.reading, stdout.writing), stdout.reading)
    }

    /// - Parameter errors: its stderr; nil means `/dev/null`.
    static func spawn(
        _ arguments: [Path], _ input: OwnedDescriptor, _ output: OwnedDescriptor,
        errors: FileDescriptor? = nil
    ) throws(Errno) -> CInt {
        var strings = arguments.map { argument in
            argument.withCString { strdup($0) }
        }
        defer { for string in strings { free(string) } }
        strings.append(nil)
        var process: CInt = 0
        let error = withExtendedLifetime((input, output)) {
            system_spawn(
                &process, strings, input.rawValue, output.rawValue, errors?.rawValue ?? -1)
        }
        if error != 0 { throw Errno(rawValue: error) }
        return process
    }

    /// Reads the end of a pipe up to a limit, and closes it.
    static func read(
        _ file: consuming OwnedDescriptor, limit: Int
    ) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.descriptor.read(into: buffer)
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer.prefix(min(count, limit - bytes.count)))
            if bytes.count == limit { return bytes }
        }
    }
}

/// Both ends of pipe2(2), closed on exec. Each is closed with its last reference.
struct Pipe {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init() throws(Errno) {
        var numbers: [CInt] = [-1, -1]
        try retryingInterrupts { system_pipe2(&numbers, O_CLOEXEC) }
        reading = OwnedDescriptor(numbers[0])
        writing = OwnedDescriptor(numbers[1])
    }
}

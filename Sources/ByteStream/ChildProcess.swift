import CSystem
import Glibc

/// Another program, run to its end.
public enum ChildProcess {
    public struct Result: Sendable {
        /// 128 and more when a signal ended it.
        public let status: CInt
        /// What it wrote to stdout, up to the limit.
        public let output: [UInt8]
    }

    /// The most that can be given as input: what a pipe holds without a reader.
    public static let inputLimit = 64 << 10

    /// Runs `program`, looked up in PATH, with `input` on its stdin. Its stderr is not shown.
    ///
    /// - Throws: the `Errno` of starting it; `Errno.cancelled` when a signal came, after it was ended.
    public static func run(
        _ program: Path, arguments: [Path], input: [UInt8], outputLimit: Int
    ) throws(Errno) -> Result {
        guard input.count <= inputLimit else { throw Errno(rawValue: E2BIG) }
        let stdin = try Pipe()
        let stdout = try Pipe()
        // The pipe holds it all: a program that does not read it cannot make us wait.
        try stdin.writing?.descriptor.writeAll(input)
        let process = try spawn([program] + arguments, stdin, stdout)
        do {
            let output = try read(stdout, limit: outputLimit)
            return Result(status: system_wait(process), output: output)
        } catch {
            kill(process, SIGTERM)
            _ = system_wait(process)
            throw error
        }
    }

    private static func spawn(
        _ arguments: [Path], _ input: Pipe, _ output: Pipe
    ) throws(Errno) -> CInt {
        defer {
            input.close()
            output.writing = nil
        }
        var strings = arguments.map { argument in
            argument.withCString { strdup($0) }
        }
        defer { for string in strings { free(string) } }
        strings.append(nil)
        var process: CInt = 0
        let error = system_spawn(
            &process, strings, input.reading?.rawValue ?? -1, output.writing?.rawValue ?? -1)
        if error != 0 { throw Errno(rawValue: error) }
        return process
    }

    private static func read(_ pipe: Pipe, limit: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try pipe.reading?.descriptor.read(into: buffer) ?? 0
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer.prefix(min(count, limit - bytes.count)))
        }
    }
}

/// Both ends of pipe2(2), closed on exec; nil when they are closed.
private final class Pipe {
    private(set) var reading: OwnedDescriptor?
    var writing: OwnedDescriptor?

    init() throws(Errno) {
        var numbers: [CInt] = [-1, -1]
        try retryingInterrupts { system_pipe2(&numbers, O_CLOEXEC) }
        reading = OwnedDescriptor(numbers[0])
        writing = OwnedDescriptor(numbers[1])
    }

    func close() {
        reading = nil
        writing = nil
    }
}

import CSystem
import Glibc

extension ChildProcess {
    /// Runs `program`, looked up in PATH, with `input` of any length on its stdin. It inherits
    /// stderr.
    ///
    /// A program that does not read all of its input is not an error by itself; its status decides.
    /// Call `Interruption.arm()` before, or such a program ends this process by SIGPIPE.
    ///
    /// - Returns: the status, and the output up to the limit. A program that writes more is ended.
    /// - Throws: the `Errno` of starting it; `Errno.cancelled` after a signal, when the program has
    ///   ended.
    public static func filter(
        _ program: Path, arguments: [Path], input: [UInt8], outputLimit: Int
    ) throws(Errno) -> Result {
        let (process, writer, stdout) = try start([program] + arguments, writing: input)
        do {
            // A program that continues writing gets SIGPIPE.
            let output = try read(consume stdout, limit: outputLimit)
            if output.count == outputLimit { kill(process, SIGTERM) }
            writer.detach()
            return Result(status: system_wait(process), output: output)
        } catch {
            kill(process, SIGTERM)
            _ = system_wait(process)
            writer.detach()
            throw error
        }
    }

    /// Starts a program, and a thread that writes its input and closes it.
    ///
    /// - Returns: the process, the thread, and the end of the program's stdout to read from.
    private static func start(
        _ arguments: [Path], writing input: [UInt8]
    ) throws(Errno) -> (process: CInt, writer: WorkerThread, stdout: OwnedDescriptor) {
        let stdin = try Pipe()
        let stdout = try Pipe()
        let process = try spawn(arguments, stdin.reading, stdout.writing, errors: .standardError)
        let writing = stdin.writing
        // Write and read at the same time: either pipe may fill before the other is read.
        let writer = WorkerThread {
            // When the program stops reading, its status shows why.
            _ = try? writing.descriptor.writeAll(input)
        }
        guard let writer else {
            kill(process, SIGTERM)
            _ = system_wait(process)
            throw .wouldBlock
        }
        return (process, writer, stdout.reading)
    }
}

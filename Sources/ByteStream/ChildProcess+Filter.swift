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
        let stdin = try Pipe()
        defer { stdin.close() }
        let stdout = try Pipe()
        defer { stdout.close() }
        let process = try spawn(
            [program] + arguments, stdin.reading, stdout.writing, errors: .standardError)
        stdin.closeReading()
        stdout.closeWriting()
        let writing = stdin.writing
        // Write and read at the same time: either pipe may fill before the other is read.
        let writer = WorkerThread {
            // When the program stops reading, its status shows why.
            _ = try? writing.writeAll(input)
            _ = Glibc.close(writing.rawValue)
        }
        guard let writer else {
            kill(process, SIGTERM)
            _ = system_wait(process)
            throw .wouldBlock
        }
        stdin.disownWriting()
        do {
            let output = try read(stdout.reading, limit: outputLimit, stopsAtLimit: true)
            // A program that continues writing gets SIGPIPE.
            stdout.closeReading()
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
}

import CSystem
import Glibc

/// A file that another program decompresses.
public final class FilteredFile {
    /// The program's output.
    public let output: InputStream
    private var reading: OwnedDescriptor?
    private var process: CInt?

    /// Starts `program`, looked up in PATH, with the file on its stdin.
    ///
    /// - Throws: the `Errno` of starting it.
    public init(
        _ file: OwnedDescriptor, path: Path, program: Path, arguments: [Path]
    ) throws(Errno) {
        let pipe = try Pipe()
        output = InputStream(pipe.reading.descriptor, path: path)
        reading = pipe.reading
        process = try ChildProcess.spawn(
            [program] + arguments, file, pipe.writing, errors: .standardError)
    }

    /// Waits for the program, whose output must have been read.
    ///
    /// - Returns: its status; 128 and more when a signal ended it.
    public func finish() -> CInt {
        reading = nil
        defer { process = nil }
        return process.map { system_wait($0) } ?? 0
    }

    deinit {
        if process != nil { _ = finish() }
    }
}

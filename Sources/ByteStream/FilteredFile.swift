import CSystem
import Glibc

/// A file that another program decompresses.
public final class FilteredFile {
    /// The program's output.
    public let output: InputStream
    private let pipe: Pipe
    private var process: CInt?

    /// Starts `program`, looked up in PATH, with the file on its stdin.
    ///
    /// - Throws: the `Errno` of starting it.
    public init(
        _ file: OwnedDescriptor, path: Path, program: Path, arguments: [Path]
    ) throws(Errno) {
        pipe = try Pipe()
        output = InputStream(pipe.reading, path: path)
        process = try ChildProcess.spawn(
            [program] + arguments, file.descriptor, pipe.writing, errors: .standardError)
        pipe.closeWriting()
    }

    /// Waits for the program, whose output must have been read.
    ///
    /// - Returns: its status; 128 and more when a signal ended it.
    public func finish() -> CInt {
        pipe.closeReading()
        defer { process = nil }
        return process.map { system_wait($0) } ?? 0
    }

    deinit {
        if process != nil { _ = finish() }
    }
}

import ByteStream
import Hashing
import JSON
import OCI

/// Messages to people: lines on stderr with the tool's name.
public struct Console: Sendable {
    /// How much is printed: errors; warnings too; every step too.
    public enum Level: Sendable {
        case quiet
        case normal
        case verbose
    }

    public let toolName: String
    public let level: Level

    public init(toolName: String, level: Level) {
        self.toolName = toolName
        self.level = level
    }

    /// Prints a warning, unless `--quiet` is given; the tool continues.
    public func warn(_ message: String) {
        if level != .quiet { print("\(toolName): warning: \(message)") }
    }

    /// Reports a step, with `--verbose` only.
    public func trace(_ message: @autoclosure () -> String) {
        if level == .verbose { print("\(toolName): \(message())") }
    }

    /// Reports how many bytes passed and how long the run took, with `--verbose` only.
    func traceEnd(since start: ContinuousClock.Instant) {
        trace(
            "\(StandardStreams.inputByteCount) bytes in, \(StandardStreams.outputByteCount) bytes out,"
                + " \((ContinuousClock.now - start).secondsText)")
    }

    /// A line without the tool's name.
    ///
    /// Characters that are not printable become a space or an escape, so that the line stays one
    /// line and has no effect on a terminal.
    public func print(_ line: String) {
        // A message that cannot be written is dropped.
        _ = try? FileDescriptor.standardError.writeAll(
            Array(Printable.line(line).utf8) + [0x0A])
    }

    /// Prints the error that ends the tool. A closed pipe and a negative answer print nothing.
    ///
    /// - Returns: the status to end with.
    public func report(_ error: any Error) -> ExitStatus {
        let failure = Console.failure(for: error)
        if failure.exitStatus != .brokenPipe, failure.exitStatus != .no {
            print("\(toolName): \(failure.message)")
        }
        return failure.exitStatus
    }

    static func failure(for error: any Error) -> any Failure {
        switch error {
        case let failure as any Failure: failure
        case let error as ReferenceError: UsageError(error.message)
        case let error as EditError: InputError.refused(error.text)
        case let error as JSONError: InputError.document(subject: "document", error)
        default: InternalError(error)
        }
    }
}

extension ReferenceError {
    var message: String { "not a reference: \(quote(reference)): \(problem)" }
}

/// The tool's answer is no (status 1). The output is on stdout, and nothing failed.
public struct NegativeAnswer: Failure {
    public init() {}

    public var message: String { "the answer is no" }
    public var exitStatus: ExitStatus { .no }
}

/// Options or arguments that are wrong or contradict each other.
public struct UsageError: Failure {
    public let message: String
    public var exitStatus: ExitStatus { .usage }

    public init(_ message: String) {
        self.message = message
    }
}

/// An error with the place in a file that led to it; its status stays.
public struct LocatedFailure: Failure {
    public let message: String
    public let exitStatus: ExitStatus

    public init(_ place: String, _ error: any Error) {
        let failure = Console.failure(for: error)
        message = "\(place): \(failure.message)"
        exitStatus = failure.exitStatus
    }
}

/// Invalid input.
public enum InputError: Failure {
    /// The input is empty.
    case empty(Path)
    case terminal(toolName: String, expected: String)
    /// The last line has no newline: its writer was interrupted.
    case cutLine(Path, line: Int)
    /// Another kind of input than expected, such as `a zstd layer`.
    case wrongKind(Path, found: String, expected: String)
    case tooLarge(Path, limit: Int)
    case longLine(Path, line: Int, limit: Int)
    case tooManyLines(Path, limit: Int)
    /// A numbered image line is missing.
    case missingLine(LinePosition)
    case document(subject: String, JSONError)
    /// The input does not fit the options.
    case refused(String)

    public var exitStatus: ExitStatus {
        switch self {
        case .terminal: .usage
        case .empty, .cutLine, .wrongKind, .tooLarge, .longLine, .tooManyLines, .missingLine,
            .document,
            .refused:
            .dataError
        }
    }

    public var message: String {
        switch self {
        case .empty(let path): "no input on \(path.quoted)"
        case .terminal(let toolName, let expected):
            "stdin is a terminal, where \(expected) should come from; see '\(toolName) --help'"
        case .cutLine(let path, let line):
            "cut input: line \(line) of \(path.quoted) has no newline"
        case .wrongKind(let path, let found, let expected):
            "\(found) on \(path.quoted), where \(expected) expected"
        case .tooLarge(let path, let limit): "more than \(limit) bytes on \(path.quoted)"
        case .longLine(let path, let line, let limit):
            "line \(line) of \(path.quoted) has more than \(limit) bytes"
        case .tooManyLines(let path, let limit): "more than \(limit) lines on \(path.quoted)"
        case .missingLine(let position):
            "image line \(position) is missing: a stage was cut off, or left it out without "
                + "deleting the annotation \(quote(Annotation.position.utf8)) of the others"
        case .document(let subject, let error): "malformed \(subject): \(error.text)"
        case .refused(let reason): reason
        }
    }
}

extension Console {
    /// This process's stdin, which must not be a terminal.
    ///
    /// - Parameter expected: the kind of input, such as `an image line`.
    /// - Throws: `InputError.terminal`.
    public func standardInput(expecting expected: String) throws(InputError) -> InputStream {
        if FileDescriptor.standardInput.isTerminal {
            throw .terminal(toolName: toolName, expected: expected)
        }
        return InputStream()
    }

    /// Checks that this process's stdout is not a terminal, for a tool with binary output.
    ///
    /// - Parameter output: the kind of output in the message, such as `a tar`.
    /// - Throws: `UsageError`.
    public func refuseTerminal(for output: String) throws(UsageError) {
        if FileDescriptor.standardOutput.isTerminal {
            throw UsageError("stdout is a terminal, which shows no \(output); use a file or a pipe")
        }
    }
}

extension Duration {
    /// Seconds with milliseconds: `1.042 s`.
    var secondsText: String {
        let (seconds, attoseconds) = components
        let fraction = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction) s"
    }
}

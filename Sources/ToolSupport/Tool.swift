import ArgumentParser
import ByteStream
import Glibc

/// A command of the toolkit.
///
/// `run()` of ArgumentParser is not used: a tool reports through its `Console`, and every error it
/// throws becomes one line on stderr and an exit status.
public protocol Tool: ParsableCommand {
    var common: CommonOptions { get }

    /// Does the work. Returning means status 0.
    func execute(_ console: Console) throws
}

/// The options that every tool has, beside `--help` and `--version`.
public struct CommonOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print errors only, no warnings.")
    public var quiet = false

    @Flag(name: .shortAndLong, help: "Report each step on stderr.")
    public var verbose = false

    public init() {}

    public func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }
}

extension Tool {
    /// The name of the command, such as `oci-tar`.
    public static var toolName: String { configuration.commandName ?? String(describing: self) }

    /// Runs the tool and ends the process.
    ///
    /// - Parameter arguments: this process's arguments, without the program's name when nil.
    public static func runAndExit(_ arguments: ArraySlice<String>? = nil) -> Never {
        occupyStandardDescriptors()
        ResourceLimits.report(as: toolName)
        let arguments = Arguments.withEmptyValues(
            Array(arguments ?? ArgumentText.processArguments.dropFirst()))
        let command: any ParsableCommand
        do {
            command = try parseAsRoot(JoinedArguments(arguments, for: Self.self).arguments)
        } catch {
            endParsing(error, arguments)
        }
        guard let tool = command as? Self else { endParsing(CleanExit.helpRequest(Self.self), []) }
        let console = Console(
            toolName: toolName,
            level: tool.common.quiet ? .quiet : tool.common.verbose ? .verbose : .normal)
        let start = ContinuousClock.now
        let result = Result { try tool.execute(console) }
        console.traceEnd(since: start)
        do {
            try result.get()
            try closeStandardOutput()
        } catch {
            if let signal = Interruption.signal { Interruption.endProcess(by: signal) }
            let status = console.report(error)
            if case .terminal? = error as? InputError { console.print("usage: \(usageString())") }
            status.endProcess()
        }
        _exit(EXIT_SUCCESS)
    }

    /// Help and version go to stdout, usage errors to stderr with status 64.
    private static func endParsing(_ error: any Error, _ arguments: [String]) -> Never {
        let console = Console(toolName: toolName, level: .normal)
        if let error = error as? UsageError { console.report(error).endProcess() }
        if exitCode(for: error) == .success {
            do {
                var text = ownOptionsFirst(in: foldUsage(in: fullMessage(for: error)))
                if text == configuration.version {
                    text = Version.textWithPackage + text.dropFirst(Version.text.count)
                }
                try OutputStream().write(Array((text + "\n").utf8))
                try closeStandardOutput()
            } catch {
                console.report(error).endProcess()
            }
            _exit(EXIT_SUCCESS)
        }
        let text = message(for: error) + Arguments.advice(on: message(for: error), arguments)
        console.report(UsageError(parsing: text, of: toolName)).endProcess()
    }
}

/// Wraps the synopsis between options. ArgumentParser leaves it in one line.
private func foldUsage(in help: String) -> String {
    let width = 80
    return help.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard line.hasPrefix("USAGE: "), line.count > width else { return String(line) }
        let words = line.split(separator: " [")
        return words.dropFirst().reduce(into: [String(words[0])]) { lines, word in
            let last = lines.count - 1
            if lines[last].count + word.count + 2 > width {
                lines.append("       [\(word)")
            } else {
                lines[last] += " [\(word)"
            }
        }.joined(separator: "\n")
    }.joined(separator: "\n")
}

/// Moves the registry options after the tool's own, because ArgumentParser lists them first.
private func ownOptionsFirst(in help: String) -> String {
    guard let registry = help.firstRange(of: "REGISTRY OPTIONS:\n"),
        let own = help.firstRange(of: "\n\nOPTIONS:\n"), registry.lowerBound < own.lowerBound
    else { return help }
    var end = help.endIndex
    while help[..<end].hasSuffix("\n") { end = help.index(before: end) }
    return help[..<registry.lowerBound] + help[own.lowerBound..<end].dropFirst(2) + "\n\n"
        + help[registry.lowerBound..<own.lowerBound] + help[end...]
}

extension UsageError {
    /// Converts a message of ArgumentParser to the style of this toolkit's messages.
    init(parsing message: String, of toolName: String) {
        var text = RefusedValue.message(parserMessage: message)
        while text.hasSuffix(".") { text.removeLast() }
        if let first = text.first, text.dropFirst().first?.isLowercase ?? false {
            text = first.lowercased() + text.dropFirst()
        }
        if let suggestion = text.firstRange(of: ". Did you mean") {
            text.replaceSubrange(suggestion, with: ", did you mean")
        }
        // Many allowed values are listed one to a line.
        text = text.replacing(". Please provide one of", with: "; write one of")
            .replacing(" the following:\n  - ", with: " ").replacing("\n  - ", with: ", ")
        self.init("\(text)\(text.hasSuffix("?") ? "" : ";") see '\(toolName) --help'")
    }
}

/// Closes stdout, because some file systems report a failed write only then.
private func closeStandardOutput() throws(StreamError) {
    do {
        try FileDescriptor.standardOutput.close()
    } catch {
        throw .write(path: .standardOutput, error)
    }
}

/// Occupies the descriptors 0, 1 and 2, so that no file that the tool opens gets them.
///
/// A descriptor that the caller closed becomes one on which reading and writing fail.
private func occupyStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
        let flags = number == STDIN_FILENO ? O_WRONLY : O_RDONLY
        _ = open("/dev/null", flags)
    }
}

extension ExitStatus {
    /// Ends the process with this status, or by SIGPIPE when the reader of its output has gone.
    ///
    /// No cleanup runs, because another thread may still use memory that libraries would free.
    public func endProcess() -> Never {
        if self == .brokenPipe {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        _exit(rawValue)
    }
}

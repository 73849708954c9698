import JSON

/// `KEY=VALUE` of an environment variable, label or annotation.
public struct KeyValue: Hashable, Sendable {
    public let key: String
    /// Everything after the first `=`; it may contain `=` or be empty.
    public let value: String

    init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// - Throws: `ValueError` without a `=` or without a key.
    public init(_ text: String) throws(ValueError) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw ValueError("no '=': it should be KEY=VALUE")
        }
        guard equals != text.startIndex else {
            throw ValueError("nothing before the '=': it should be KEY=VALUE")
        }
        key = String(text[..<equals])
        value = String(text[text.utf8.index(after: equals)...])
    }
}

/// A command in one of the two forms of a Dockerfile.
public enum CommandForm: Hashable, Sendable {
    case arguments([String])
    /// A line for the image's shell.
    case shell(String)

    /// Parses a JSON array of strings; any other text is a line for the shell.
    ///
    /// - Throws: `ValueError` for an empty text and for a JSON array of anything but strings.
    public init(_ text: String) throws(ValueError) {
        if text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0A }) {
            throw ValueError("empty; '[]' stands for no command")
        }
        guard let elements = CommandForm.array(text) else {
            self = .shell(text)
            return
        }
        var arguments: [String] = []
        for element in elements {
            guard let argument = element.string else {
                throw ValueError("\(element.kind) in the array, where only strings may be")
            }
            arguments.append(argument.text)
        }
        self = .arguments(arguments)
    }

    /// The words to execute: a line for the shell becomes the last argument of `shell`.
    public func words(shell: [String]) -> [String] {
        switch self {
        case .arguments(let arguments): arguments
        case .shell(let line): shell + [line]
        }
    }

    private static func array(_ text: String) -> [JSON]? {
        do {
            guard let elements = try JSON.parse(Array(text.utf8)).elements else { return nil }
            return elements
        } catch {
            // Text that is not JSON is valid: `[ -f x ] && run` is a line for the shell.
            return nil
        }
    }

    /// Whether a line for the shell looks like a malformed array of strings: its `[` is not
    /// followed by a blank, which the shell's command `[` needs, or is followed by a quotation
    /// mark.
    public var isDoubtful: Bool {
        guard case .shell(let text) = self else { return false }
        let bytes = text.utf8.drop { $0 == 0x20 }
        guard bytes.first == UInt8(ascii: "["), let next = bytes.dropFirst().first else {
            return false
        }
        if next != 0x20 { return true }
        let inner = bytes.dropFirst().first { $0 != 0x20 }
        return bytes.last == UInt8(ascii: "]")
            && (inner == UInt8(ascii: "'") || inner == UInt8(ascii: "\""))
    }
}

/// A port that an image exposes, or a range of them: `PORT[-LAST][/PROTO]`.
public struct ExposedPorts: Hashable, Sendable {
    public let ports: ClosedRange<UInt16>
    public let networkProtocol: String

    /// - Throws: `ValueError`.
    public init(_ text: String) throws(ValueError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let ends = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, (1...2).contains(ends.count),
            let first = ExposedPorts.number(ends[0]),
            let last = ends.count == 2 ? ExposedPorts.number(ends[1]) : first, first <= last
        else {
            throw ValueError("not PORT[-LAST][/PROTO] with ports up to 65535")
        }
        let name = parts.count == 2 && !parts[1].isEmpty ? parts[1].lowercased() : "tcp"
        guard ["tcp", "udp", "sctp"].contains(name) else {
            throw ValueError("not a protocol: it should be tcp, udp or sctp")
        }
        ports = first...last
        networkProtocol = name
    }

    private static func number(_ text: Substring) -> UInt16? {
        text.utf8.allSatisfy(\.isDigit) ? UInt16(text) : nil
    }

    /// The keys of `ExposedPorts`, one for each port.
    var keys: [JSONString] { ports.map { JSONString("\($0)/\(networkProtocol)") } }
}

/// The signal that asks a container to stop: `SIGTERM`, `SIGRTMIN+3`, `15`; as in Docker, case
/// makes no difference.
public struct StopSignal: Hashable, Sendable {
    public let name: String

    /// - Throws: `ValueError` for a text that is not a signal of Linux.
    public init(_ text: String) throws(ValueError) {
        guard StopSignal.isSignal(text) else {
            throw ValueError("not a signal: it should be like SIGTERM, SIGRTMIN+3 or 15")
        }
        name = text
    }

    private static func isSignal(_ text: String) -> Bool {
        if text.utf8.first != UInt8(ascii: "+"), let number = Int(text) {
            return (1...64).contains(number)
        }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? upper.dropFirst(3) : Substring(upper)
        if names.contains(String(name)) { return true }
        // Docker names the upper half of the real-time signals from the end.
        for (prefix, sign, most) in [("RTMIN", "+", 15), ("RTMAX", "-", 14)]
        where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            if rest.isEmpty { return true }
            let digits = rest.dropFirst()
            guard rest.hasPrefix(sign), digits.first != "0", digits.allSatisfy(\.isNumber),
                let offset = Int(digits)
            else { return false }
            return offset <= most
        }
        return false
    }

    private static let names: Set<String> = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN",
        "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "POLL", "PWR", "SYS",
    ]
}

/// The directory of a volume: an absolute path of Linux or Windows, except the root.
public struct VolumePath: Hashable, Sendable {
    public let path: String

    /// - Throws: `ValueError`.
    public init(_ text: String) throws(ValueError) {
        let bytes = Array(text.utf8)
        let isWindows =
            bytes.count > 2 && bytes[1] == UInt8(ascii: ":")
            && (bytes[2] == UInt8(ascii: "\\") || bytes[2] == UInt8(ascii: "/"))
        guard isWindows || bytes.first == UInt8(ascii: "/") else {
            throw ValueError("not an absolute path")
        }
        let names = text.split { $0 == "/" || (isWindows && $0 == "\\") }.filter { $0 != "." }
        guard !names.contains("..") else { throw ValueError("a path with '..'") }
        guard names.count > (isWindows ? 1 : 0) else {
            throw ValueError("the root directory cannot be a volume")
        }
        path = text
    }
}

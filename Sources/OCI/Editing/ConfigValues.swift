import JSON

/// `KEY=VALUE`, as environments, labels and annotations are given.
public struct KeyValue: Hashable, Sendable {
    public let key: String
    /// Everything after the first `=`, which may have more of them or be empty.
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

    /// Reads a JSON array of strings, or else takes the text as a line for the shell.
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
            guard case .string(let argument) = element else {
                throw ValueError("\(element.kind) in the array, where only strings may be")
            }
            arguments.append(argument.text)
        }
        self = .arguments(arguments)
    }

    /// What is run: a line for the shell is given to `shell` as its last argument.
    public func words(shell: [String]) -> [String] {
        switch self {
        case .arguments(let arguments): arguments
        case .shell(let line): shell + [line]
        }
    }

    private static func array(_ text: String) -> [JSON]? {
        do {
            guard case .array(let elements) = try JSON.parse(Array(text.utf8)) else { return nil }
            return elements
        } catch {
            // Not JSON is no mistake here: `[ -f x ] && run` is a line for the shell.
            return nil
        }
    }

    /// A line for the shell that looks as if an array of strings was meant: behind its `[` comes
    /// no blank, without which the shell's command of that name is none, or a quotation mark.
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
            throw ValueError("not PORT[-LAST][/PROTO] with ports of 1 to 65535")
        }
        let name = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard ["tcp", "udp", "sctp"].contains(name) else {
            throw ValueError("not a protocol: it should be tcp, udp or sctp")
        }
        ports = first...last
        networkProtocol = name
    }

    private static func number(_ text: Substring) -> UInt16? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text),
            port > 0
        else { return nil }
        return port
    }

    /// The keys of `ExposedPorts`, one for each port.
    var keys: [JSONString] { ports.map { JSONString("\($0)/\(networkProtocol)") } }
}

/// The signal that asks a container to stop: `SIGTERM`, `SIGRTMIN+3`, `15`.
public struct StopSignal: Hashable, Sendable {
    public let name: String

    /// - Throws: `ValueError` for what is not a signal of Linux.
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
        let name = text.hasPrefix("SIG") ? text.dropFirst(3) : Substring(text)
        if names.contains(String(name)) { return true }
        for (prefix, sign) in [("RTMIN", "+"), ("RTMAX", "-")] where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            if rest.isEmpty { return true }
            guard rest.hasPrefix(sign), let offset = UInt8(rest.dropFirst()) else { return false }
            return offset <= 30
        }
        return false
    }

    private static let names: Set<String> = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN",
        "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "POLL", "PWR", "SYS",
    ]
}

/// How a running container is asked whether it is well.
///
/// - Spec: Docker image specification v1.3, `Healthcheck`; reserved by image-spec v1.1.1, config.md.
public struct Healthcheck: Hashable, Sendable {
    let document: JSONObject

    /// No check, not even one that a base has.
    public static let none: Healthcheck = {
        var document = JSONObject()
        document["Test"] = .array([.string("NONE")])
        return Healthcheck(document: document)
    }()

    private init(document: JSONObject) {
        self.document = document
    }

    /// Reads Docker's object (`{"Test":["CMD","/check"],"Interval":30000000000}`, times in
    /// nanoseconds), or a command as a JSON array or a line for the shell.
    ///
    /// - Throws: `ValueError`.
    public init(_ text: String) throws(ValueError) {
        let first = text.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if first == UInt8(ascii: "{") {
            do {
                let field = JSONField(try JSON.parse(Array(text.utf8)))
                try Healthcheck.check(field, onlyKnownKeys: true)
                document = try field.object()
            } catch {
                throw ValueError(error.text)
            }
            return
        }
        let command = try CommandForm(text)
        var document = JSONObject()
        let test =
            switch command {
            case .arguments(let arguments): ["CMD"] + arguments
            case .shell(let line): ["CMD-SHELL", line]
            }
        document["Test"] = .array(test.map { .string($0) })
        self.document = document
    }

    private static let durations: [JSONString] = [
        "Interval", "Timeout", "StartPeriod", "StartInterval",
    ]

    static func check(_ field: JSONField, onlyKnownKeys: Bool) throws(JSONError) {
        if let test = try field.member("Test") {
            var words: [String] = []
            for word in try test.elements() { words.append(try word.string()) }
            if onlyKnownKeys, let kind = words.first, !["NONE", "CMD", "CMD-SHELL"].contains(kind) {
                throw .field(path: test.path.index(0), "not NONE, CMD or CMD-SHELL")
            }
        }
        for key in durations + ["Retries"] {
            guard let number = try field.member(key) else { continue }
            if try number.integer() < 0 { throw number.failure("negative") }
        }
        guard onlyKnownKeys else { return }
        for member in try field.object().members
        where member.key != "Test" && member.key != "Retries" && !durations.contains(member.key) {
            throw .field(path: field.path.key(member.key), "not a field of a healthcheck")
        }
    }
}

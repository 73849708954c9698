import JSON

/// The health check of a container.
///
/// - Spec: Docker image specification v1.3, `Healthcheck`; reserved by image-spec v1.1.1, config.md.
public struct Healthcheck: Hashable, Sendable {
    let document: JSONObject

    /// Disables the check, also one of a base.
    public static let none: Healthcheck = {
        var document = JSONObject()
        document["Test"] = .array([.string("NONE")])
        return Healthcheck(document: document)
    }()

    private init(document: JSONObject) {
        self.document = document
    }

    /// Reads Docker's object (`{"Test":["CMD","/check"],"Interval":"30s"}`, times as text or in
    /// nanoseconds), its `Test` alone, or a command as a JSON array or a line for the shell.
    ///
    /// - Throws: `ValueError` for values that Docker's daemon would refuse.
    public init(_ text: String) throws(ValueError) {
        let first = text.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if first == nil { throw ValueError(Healthcheck.noCommand) }
        if first == UInt8(ascii: "{") {
            do throws(JSONError) {
                var object = try JSONField(JSON.parse(Array(text.utf8))).object()
                for key in Healthcheck.durations {
                    guard let text = object[key]?.string else { continue }
                    guard let nanoseconds = GoDuration.nanoseconds(text.text), nanoseconds >= 0
                    else {
                        throw .field(path: .root.key(key), "not a time like 30s or 1m30s")
                    }
                    object[key] = .integer(nanoseconds)
                }
                try Healthcheck.check(JSONField(.object(object)), asDaemon: true)
                document = object
            } catch {
                throw ValueError(error.text)
            }
            return
        }
        let words: [String]
        switch try CommandForm(text) {
        case .arguments(let arguments):
            let isTest = arguments.first.map { Healthcheck.kinds.contains($0) } ?? false
            words = isTest ? arguments : ["CMD"] + arguments
        case .shell(let line): words = ["CMD-SHELL", line]
        }
        if let problem = Healthcheck.problem(of: words) { throw ValueError(problem) }
        var document = JSONObject()
        document["Test"] = .array(words.map { .string($0) })
        self.document = document
    }

    private static let noCommand = "no command; --no-healthcheck stands for no check"

    private static let kinds = ["NONE", "CMD", "CMD-SHELL"]

    private static let durations: [JSONString] = [
        "Interval", "Timeout", "StartPeriod", "StartInterval",
    ]

    /// The minimum time that Docker's daemon accepts: a millisecond.
    private static let shortestNanoseconds = 1_000_000

    /// The error in the words of a check; nil when they are valid. An empty list inherits the
    /// base's.
    private static func problem(of words: [String]) -> String? {
        guard let kind = words.first else { return nil }
        switch kind {
        case "NONE": return words.count == 1 ? nil : "NONE stands alone"
        case "CMD", "CMD-SHELL":
            let hasCommand = words.count > 1 && !words[1].isEmpty
            return hasCommand ? nil : noCommand
        default: return "not NONE, CMD or CMD-SHELL"
        }
    }

    /// - Parameter asDaemon: whether it must be valid for Docker's daemon. For existing images,
    ///   being readable is enough.
    static func check(_ field: JSONField, asDaemon: Bool) throws(JSONError) {
        if let test = try field.member("Test") {
            var words: [String] = []
            for word in try test.elements() { words.append(try word.string()) }
            if asDaemon, let problem = problem(of: words) { throw test.failure(problem) }
        }
        for key in durations + ["Retries"] {
            guard let number = try field.member(key) else { continue }
            let value = try number.integer()
            if value < 0 { throw number.failure("negative") }
            if asDaemon, key != "Retries", value > 0, value < shortestNanoseconds {
                throw number.failure("less than 1ms")
            }
        }
        guard asDaemon else { return }
        for member in try field.object().members
        where member.key != "Test" && member.key != "Retries" && !durations.contains(member.key) {
            throw .field(path: field.path.key(member.key), "not a field of a healthcheck")
        }
    }
}

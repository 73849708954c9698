import ByteStream

/// Header fields in the order they came, names compared without case.
///
/// - Spec: RFC 9110, section 5.
struct HTTPHeaders: Sendable, Hashable {
    struct Field: Sendable, Hashable {
        let name: String
        let value: String
    }

    private(set) var fields: [Field] = []

    /// The most bytes that the heads of an answer have together, interim ones and trailers included.
    static let byteLimit = 256 << 10

    init() {}

    init(_ fields: [(String, String)]) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of `name`.
    subscript(name: String) -> String? {
        fields.first { equalsIgnoringCase($0.name, name) }?.value
    }

    func all(_ name: String) -> [String] {
        fields.filter { equalsIgnoringCase($0.name, name) }.map(\.value)
    }

    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Adds the field of a line as it came, without its line end; a line that is none is dropped.
    mutating func add(line: some Sequence<UInt8>) {
        let bytes = Array(line)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return }
        let value = bytes[(colon + 1)...].trimmingWhiteSpace()
        add(
            String(decoding: bytes[..<colon], as: UTF8.self),
            String(decoding: value, as: UTF8.self))
    }
}

/// ASCII letters only, as HTTP compares names.
func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count
        && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension ArraySlice<UInt8> {
    /// Without spaces, tabs and line ends at both ends.
    func trimmingWhiteSpace() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return [] }
        return self[first...last]
    }
}

/// What a request sends. Read from one thread, from the first byte to the last.
protocol RequestBody: AnyObject {
    /// nil when it is not known before the end.
    var byteCount: Int64? { get }

    /// Fills part of `buffer`; 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Goes back to the first byte; false when that is gone.
    func rewind() -> Bool

    /// Whether it does no harm to send it again without knowing what became of it.
    var mayBeSentTwice: Bool { get }

    /// Comes to an end soon, because of a signal.
    ///
    /// - Returns: false when it cannot, and the exchange must be broken off.
    func abandon() -> Bool
}

extension RequestBody {
    func abandon() -> Bool { false }
}

/// A request body in memory.
final class BytesBody: RequestBody {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var byteCount: Int64? { Int64(bytes.count) }
    var mayBeSentTwice: Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }

    func rewind() -> Bool {
        position = 0
        return true
    }
}

/// One HTTP request, complete but for what the connection adds.
struct HTTPRequest {
    var method: String
    var url: HTTPURL
    var headers = HTTPHeaders()
    var body: (any RequestBody)?
    /// How much of the answer's body is kept when no sink takes it.
    var bodyLimit = 64 << 10
    /// Called once when the head of the answer is there: a sink takes the body instead of memory.
    var sink: ((HTTPResponse) throws -> (any ByteSink)?)?
    /// The most that the whole exchange may take.
    var timeout: Duration?
    /// How long no byte may move; nil is as the options say.
    var stallTimeout: Duration?
    /// Goes on after a signal: for what cleans up.
    var ignoresInterruption = false
    /// It may be made before it is known whether the registry speaks TLS, and sent if it reads only.
    var findsBaseURL = false
    /// Waits a while for the answer after a signal: it may have opened what must be closed.
    var awaitsAnswer = false
    /// The only origin that may see the secrets in it; nil when it has none.
    private(set) var secretsOrigin: String?
    /// The body is a secret too, as a refresh token is.
    private(set) var hasSecretBody = false

    init(_ method: String, _ url: HTTPURL) {
        self.method = method
        self.url = url
    }

    /// Adds credentials, which go to the present URL's origin and to no other.
    func authorized(by authorization: String?) -> HTTPRequest {
        guard let authorization else { return self }
        var request = self
        request.headers.add("Authorization", authorization)
        request.secretsOrigin = url.origin
        return request
    }

    /// The same request where `home` is, if that is the same host with TLS.
    func moved(to home: HTTPURL) -> HTTPRequest {
        var request = self
        if findsBaseURL, url.authority == home.authority, home.scheme == "https" {
            request.url = HTTPURL(
                scheme: home.scheme, authority: home.authority, target: url.target)
        }
        return request
    }

    /// Sets a body that goes to the present URL's origin and to no other.
    mutating func setSecretBody(_ bytes: [UInt8]) {
        body = BytesBody(bytes)
        hasSecretBody = true
        secretsOrigin = url.origin
    }

    /// The same request without credentials in its headers.
    func withoutAuthorization() -> HTTPRequest {
        var request = self
        request.headers = HTTPHeaders(
            headers.fields.filter { !equalsIgnoringCase($0.name, "Authorization") }
                .map { ($0.name, $0.value) })
        if !hasSecretBody { request.secretsOrigin = nil }
        return request
    }

    /// What in it would break out of its line; nil when it can be sent.
    ///
    /// - Spec: RFC 9110, sections 5.1 and 5.5; RFC 9112, section 3.
    var unsendablePart: String? {
        if !isToken(method) { return "a method" }
        if !url.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { return "a URL" }
        for field in headers.fields {
            guard isToken(field.name) else { return "the name of a header" }
            if field.value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                return "the header \(field.name)"
            }
        }
        return nil
    }
}

private func isToken(_ text: String) -> Bool {
    var scanner = HeaderScanner(text)
    return !scanner.token().isEmpty && scanner.isAtEnd
}

/// An answer, as far as it was kept.
struct HTTPResponse: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8] = []
    /// There was more than `bodyLimit`, or the connection broke before the end of the body.
    var bodyIsCut = false
    /// It came from where a redirect led.
    var isRedirected = false

    var isSuccess: Bool { (200..<300).contains(status) }

    /// A page for people: of a login, a portal, or a proxy.
    var isWebPage: Bool {
        let type = headers["Content-Type"]?.prefix { $0 != ";" }.lowercased() ?? ""
        return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml")
    }
}

/// Why an exchange has no answer.
enum TransportFailure: Error {
    /// Nobody listens, or the name has no address.
    case unreachable(String, refused: Bool)
    /// The connection broke, or what came was not HTTP.
    case broken(String)
    case timedOut(String)
    /// The other side could not prove who it is, or did not accept who we are.
    case tls(String)
    /// Our own settings: a certificate file that cannot be read.
    case settings(String)
    /// HTTP/1.0 has no bodies of unknown length.
    case lengthRequired
    /// What came, or was to be sent, is not what the protocol or this client's policy allows.
    case violation(String)
    case interrupted
}

import ByteStream

/// Header fields in their order; names are compared without case.
///
/// - Spec: RFC 9110, section 5.
struct HTTPHeaders: Sendable, Hashable {
    struct Field: Sendable, Hashable {
        let name: String
        let value: String
    }

    private(set) var fields: [Field] = []

    /// The maximum number of bytes of all heads of a response, including interim ones and trailers.
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

    /// Adds a header line without its line end. A line that is not a header field is ignored.
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
    /// The bytes without spaces, tabs and line ends at both ends.
    func trimmingWhiteSpace() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return [] }
        return self[first...last]
    }
}

/// The body of a request. One thread reads it, from the first byte to the last.
protocol RequestBody: AnyObject {
    /// nil when it is unknown before the end.
    var byteCount: Int64? { get }

    /// Fills part of `buffer`; 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Goes back to the first byte; false when that is no longer available.
    func rewind() -> Bool

    /// Whether it may be sent again when the outcome of the first attempt is unknown.
    var mayBeSentTwice: Bool { get }

    /// Makes the body end soon, because of a signal.
    ///
    /// - Returns: false when that is impossible, and the exchange must be aborted.
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

/// One HTTP request, complete except for the headers that the connection adds.
struct HTTPRequest {
    var method: String
    var url: HTTPURL
    var headers = HTTPHeaders()
    var body: (any RequestBody)?
    /// The maximum number of bytes of the response's body in memory, without a sink.
    var bodyLimit = 64 << 10
    /// Called once, after the head of the response; returns a sink for the body, or nil to keep it
    /// in memory.
    var sink: ((HTTPResponse) throws -> (any ByteSink)?)?
    /// The time limit of the whole exchange.
    var timeout: Duration?
    /// The time limit without progress; nil means that of the options.
    var stallTimeout: Duration?
    /// Whether it runs even after a signal: for requests that clean up.
    var ignoresInterruption = false
    /// Whether it may also detect if the registry uses TLS; used only without a body.
    var findsBaseURL = false
    /// Whether to wait for the response after a signal, because it may have opened an upload that
    /// must be cancelled.
    var awaitsAnswer = false
    /// The only origin that may get the secrets in it; nil when it has none.
    private(set) var secretsOrigin: String?
    /// Whether the body is secret too, such as a refresh token.
    private(set) var hasSecretBody = false

    init(_ method: String, _ url: HTTPURL) {
        self.method = method
        self.url = url
    }

    /// Adds credentials, which are sent only to the origin of the current URL.
    func authorized(by authorization: String?) -> HTTPRequest {
        guard let authorization else { return self }
        var request = self
        request.headers.add("Authorization", authorization)
        request.secretsOrigin = url.origin
        return request
    }

    /// The same request by TLS, if `home` is the same host with TLS.
    func moved(to home: HTTPURL) -> HTTPRequest {
        var request = self
        if findsBaseURL, url.authority == home.authority, home.scheme == "https" {
            request.url = HTTPURL(
                scheme: home.scheme, authority: home.authority, target: url.target)
        }
        return request
    }

    /// Sets a body that is sent only to the origin of the current URL.
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

    /// The part of the request that has control characters; nil when it can be sent.
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

/// A response; its body is incomplete or empty when a sink took it or it was too large.
struct HTTPResponse: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8] = []
    /// Whether the body exceeded `bodyLimit`, or the connection broke before its end.
    var bodyIsCut = false
    /// Whether it came after a redirect.
    var isRedirected = false
    /// Whether it came as one of several streams of a connection, as HTTP/2 has them.
    var isMultiplexed = false

    var isSuccess: Bool { (200..<300).contains(status) }

    /// Whether it is an HTML page: of a login, a portal, or a proxy.
    var isWebPage: Bool {
        let type = headers["Content-Type"]?.prefix { $0 != ";" }.lowercased() ?? ""
        return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml")
    }
}

/// Why an exchange has no response.
enum TransportFailure: Error {
    /// No server listens, or the name has no address.
    case unreachable(String, refused: Bool)
    /// The connection broke, or the response was not HTTP.
    case broken(String)
    case timedOut(String)
    /// The server's certificate is not trusted, or it refused the client's certificate.
    case tls(String)
    /// A wrong setting of the client, such as a certificate file that cannot be read.
    case settings(String)
    /// HTTP/1.0 has no bodies of unknown length.
    case lengthRequired
    /// The protocol or the client's policy forbids the response or the request.
    case violation(String)
    case interrupted
}

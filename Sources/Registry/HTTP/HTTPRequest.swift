import ByteStream

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

    /// Whether a response is a redirect that is followed for this method.
    func isRedirected(by response: HTTPResponse) -> Bool {
        switch response.status {
        case 301, 302, 303: method == "GET" || method == "HEAD"
        case 307, 308: true
        default: false
        }
    }
}

private func isToken(_ text: String) -> Bool {
    var scanner = HeaderScanner(text)
    return !scanner.token().isEmpty && scanner.isAtEnd
}

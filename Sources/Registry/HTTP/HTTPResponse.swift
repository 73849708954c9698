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

    /// Whether the token lacks a scope.
    ///
    /// - Spec: RFC 6750, section 3.1.
    var isInsufficientScope: Bool {
        status == 403
            && Challenge.parse(headers.all("WWW-Authenticate")).contains {
                $0.parameters["error"] == "insufficient_scope"
            }
    }
}

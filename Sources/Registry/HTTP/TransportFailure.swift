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

    /// Whether the server may have received the request.
    var mayFollowSending: Bool {
        switch self {
        case .broken, .timedOut: true
        case .unreachable, .tls, .settings, .lengthRequired, .violation, .interrupted: false
        }
    }

    /// The maximum number of useful retries.
    var retryLimit: Int {
        switch self {
        // A registry that restarts refuses connections for a while; an unknown name stays unknown.
        case .unreachable(_, let refused): refused ? .max : 2
        case .broken, .timedOut: .max
        case .tls, .settings, .lengthRequired, .violation, .interrupted: 0
        }
    }
}

/// The rules for targets and secrets of requests. Every request, and every URL in a response, is
/// checked here.
///
/// - No redirect or link leads from TLS to plain HTTP. A URL with the same host stays with TLS:
///   behind proxies that terminate TLS, registries return URLs for plain HTTP.
/// - Credentials and bodies with secrets are sent only to their origin.
struct RequestPolicy: Sendable {
    /// Whether the user allows plain HTTP for every host.
    let allowsPlainHTTP: Bool

    /// The target of a `Location` or link in a response from `url`.
    ///
    /// - Parameter kind: its name in messages, such as `a redirect`.
    /// - Throws: `TransportFailure.violation`.
    func target(
        of reference: String?, from url: HTTPURL, _ kind: String
    ) throws(TransportFailure) -> HTTPURL {
        guard let target = reference.flatMap({ url.resolving($0) })?.keepingTLS(of: url) else {
            throw .violation("\(kind) to nowhere")
        }
        guard url.scheme == "http" || target.scheme == "https" || allowsPlainHTTP else {
            throw .violation("\(kind) from TLS to plain HTTP, at \(target.authority)")
        }
        return target
    }

    /// The URL of the token server that a registry at `home` names.
    ///
    /// A registry on this machine may have a token server on this machine with plain HTTP.
    /// - Throws: `TransportFailure.violation`.
    func realm(_ text: String, of home: HTTPURL) throws(TransportFailure) -> HTTPURL {
        if isLoopbackHost(home.authority), let realm = home.resolving(text),
            isLoopbackHost(realm.authority)
        {
            return realm
        }
        return try target(of: text, from: home, "a token server")
    }

    /// The request that a redirect asks for.
    ///
    /// - Throws: `TransportFailure.violation` when its body is a secret for another origin.
    func redirected(
        _ request: HTTPRequest, to target: HTTPURL
    ) throws(TransportFailure) -> HTTPRequest {
        var next = target.origin == request.url.origin ? request : request.withoutAuthorization()
        next.url = target
        try check(next)
        return next
    }

    /// Checks a request right before it is sent.
    ///
    /// - Throws: `TransportFailure.violation`.
    func check(_ request: HTTPRequest) throws(TransportFailure) {
        if let part = request.unsendablePart {
            throw .violation("\(part) that cannot be sent")
        }
        let hasSecrets = request.hasSecretBody || request.headers["Authorization"] != nil
        guard !hasSecrets || request.secretsOrigin == request.url.origin else {
            throw .violation("credentials would go to \(request.url.authority)")
        }
    }
}

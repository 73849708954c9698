/// Where requests go, and what they take there. Every request, and every URL that an answer names,
/// passes here.
///
/// - No step leads from TLS to plain HTTP. A URL of the same host stays with TLS instead: proxies that
///   end TLS make registries believe that they are spoken to in the clear.
/// - Credentials and bodies with secrets go to the origin that they are for, and to no other.
struct RequestPolicy: Sendable {
    /// The user wants plain HTTP for every host.
    let allowsPlainHTTP: Bool

    /// The target of a `Location` or link in an answer from `url`.
    ///
    /// - Parameter kind: what messages call it, as in `a redirect`.
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

    /// URL of the token server that a registry on `home` names.
    ///
    /// A registry of this machine may have its token server beside it, in the clear.
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
    /// - Throws: `TransportFailure.violation` when its body is a secret of another origin.
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

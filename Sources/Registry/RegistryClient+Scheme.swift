import JSON

/// Detects whether a registry uses plain HTTP or TLS.
extension RegistryClient {
    /// URL of the API of `host`.
    ///
    /// - Spec: docs/design.md, "References": loopback registries are tried over plain HTTP.
    func baseURL(of host: RegistryHost) throws -> HTTPURL {
        try host.baseURL {
            let plain = plainURL(of: host)
            let secure = HTTPURL(scheme: "https", authority: host.authority, target: "/v2/")
            if options.plainHTTP { return plain }
            guard host.isLoopback else { return secure }
            guard let answer = try plainAnswer(HTTPRequest("GET", plain)) else { return secure }
            if answer.leads(from: plain, to: secure) { return secure }
            // A refusal that does not look like a registry's may come from a server that only uses
            // TLS.
            if (400..<500).contains(answer.status), !answer.isOfRegistry, try speaksTLS(secure) {
                return secure
            }
            host.authenticator.note(answer)
            return plain
        }
    }

    private func plainURL(of host: RegistryHost) -> HTTPURL {
        HTTPURL(scheme: "http", authority: host.authority, target: "/v2/")
    }

    /// The likely URL of the API of `host`, for a request that also verifies it.
    func likelyBaseURL(of host: RegistryHost) throws -> HTTPURL {
        if host.knownBaseURL == nil, host.isLoopback { return plainURL(of: host) }
        return try baseURL(of: host)
    }

    /// Sends the first request to a loopback registry over plain HTTP, which saves a separate
    /// request to detect TLS.
    ///
    /// - Returns: nil when it is uncertain whether a registry answered; then TLS is still
    ///   undetected.
    func firstAnswer(_ request: HTTPRequest, from host: RegistryHost) throws -> HTTPResponse? {
        let plain = plainURL(of: host)
        guard host.knownBaseURL == nil, host.isLoopback, request.findsBaseURL,
            ["GET", "HEAD", "POST"].contains(request.method), request.body == nil,
            request.url.origin == plain.origin
        else { return nil }
        var request = request
        let sink = request.sink
        var hasHead = false
        if let sink {
            request.sink = {
                hasHead = true
                return try sink($0)
            }
        }
        do {
            let response = try exchange(request)
            // These may come from a server that only uses TLS.
            let secure = HTTPURL(scheme: "https", authority: host.authority, target: "/v2/")
            let isRefusal = (400..<500).contains(response.status) && response.status != 429
            if isRefusal && !response.isOfRegistry { return nil }
            if response.leads(from: plain, to: secure) { return nil }
            host.settle(on: plain)
            return response
        } catch TransportFailure.broken where hasHead {
            // The sink already has a part of the body.
            throw TransportFailure.broken("the connection broke in the first answer")
        } catch TransportFailure.broken, TransportFailure.unreachable {
            return nil
        }
    }

    /// Sends a request over plain HTTP, and repeats it while the connection is refused.
    ///
    /// - Returns: nil when the connection was closed, as TLS servers may do.
    private func plainAnswer(_ request: HTTPRequest) throws -> HTTPResponse? {
        var retries = Retries(policy)
        while true {
            do {
                return try exchange(request)
            } catch TransportFailure.broken {
                return nil
            } catch let failure as TransportFailure {
                guard case .unreachable = failure, try retries.wait(limit: failure.retryLimit)
                else { throw error(failure, request) }
            }
        }
    }

    /// Whether a server uses TLS, even if its certificate is not trusted.
    private func speaksTLS(_ secure: HTTPURL) throws -> Bool {
        let request = HTTPRequest("GET", secure)
        do {
            _ = try exchange(request)
            return true
        } catch TransportFailure.tls(let detail) {
            return detail.contains("certificate")
        } catch let failure as TransportFailure {
            switch failure {
            case .interrupted, .settings: throw error(failure, request)
            default: return false
            }
        }
    }
}

extension HTTPResponse {
    /// Whether a response comes from a registry: by a challenge, its headers or its errors.
    fileprivate var isOfRegistry: Bool {
        if headers["Docker-Distribution-Api-Version"] != nil { return true }
        if headers["WWW-Authenticate"] != nil { return true }
        if headers["Docker-Content-Digest"] != nil { return true }
        return (try? JSON.parse(body).object)?["errors"] != nil
    }

    /// Whether it redirects to the same host with TLS.
    fileprivate func leads(from plain: HTTPURL, to secure: HTTPURL) -> Bool {
        guard [301, 302, 303, 307, 308].contains(status),
            let target = headers["Location"].flatMap({ plain.resolving($0) })
        else { return false }
        return target.origin == secure.origin
    }
}

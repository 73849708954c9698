import OCI

/// A request to a registry, on behalf of a repository.
struct RegistryCall {
    var request: HTTPRequest
    let host: RegistryHost
    /// What the token must allow; the first is of the repository whose credentials are used.
    let scopes: [Scope]
}

extension RegistryClient {
    static let redirectLimit = 10

    /// Sends and repeats until there is an answer that will not change by itself.
    ///
    /// - Returns: any answer but those that may pass.
    /// - Throws: `RegistryError`; what a sink threw.
    func send(_ call: RegistryCall) throws -> HTTPResponse {
        try retrying(call.request) {
            _ = call.request.body?.rewind()
            return try sendOnce(call)
        }
    }

    /// Repeats `attempt` while it fails for a reason that may pass.
    func retrying(
        _ request: HTTPRequest, _ attempt: () throws -> HTTPResponse
    ) throws -> HTTPResponse {
        var retries = Retries(policy)
        while true {
            do {
                let response = try attempt()
                guard RetryPolicy.isTransient(response.status) else { return response }
                guard try retries.wait(after: response) else {
                    throw RegistryError.exhausted(answer(request, response))
                }
            } catch let failure as TransportFailure {
                let limit = failure.retryLimit(on: request.url)
                guard try retries.wait(limit: limit) else { throw error(failure, request) }
            }
        }
    }

    /// Sends once, with authorization and redirects.
    ///
    /// - Throws: `TransportFailure`, `RegistryError`; what a body or a sink threw.
    func sendOnce(_ call: RegistryCall) throws -> HTTPResponse {
        try following(call.request) { try authorized($0, call) }
    }

    /// Adds the authorization that is known, or gets one when the registry asks for it.
    private func authorized(_ request: HTTPRequest, _ call: RegistryCall) throws -> HTTPResponse {
        let home = try baseURL(of: call.host)
        guard request.url.origin == home.origin else { return try exchange(request) }
        let session = TokenSession(client: self, home: home, request: request)
        let first = try call.host.authenticator.authorization(for: call.scopes, session)
        let response = try exchange(request.authorized(by: first))
        guard response.status == 401 || response.isInsufficientScope else { return response }
        let challenges = Challenge.parse(response.headers.all("WWW-Authenticate"))
        let second = try call.host.authenticator.answer(
            challenges, rejecting: first, for: call.scopes, session)
        // A body that cannot be sent again is its owner's affair: the next request is authorized.
        guard let second, request.body?.rewind() ?? true else { return response }
        return try exchange(request.authorized(by: second))
    }

    /// Follows redirects, without credentials to another host.
    func following(
        _ request: HTTPRequest, _ send: (HTTPRequest) throws -> HTTPResponse
    ) throws -> HTTPResponse {
        var request = request
        for _ in 0...RegistryClient.redirectLimit {
            let response = try send(request)
            guard request.isRedirected(by: response), request.body?.rewind() ?? true else {
                return response
            }
            let target = response.headers["Location"].flatMap { request.url.resolving($0) }
            guard let target else { throw violation(request, "a redirect to nowhere") }
            if request.url.scheme == "https", target.scheme == "http", !options.plainHTTP {
                throw violation(
                    request, "a redirect from TLS to plain HTTP, at \(target.authority)")
            }
            request = request.redirected(to: target)
        }
        throw violation(request, "more than \(RegistryClient.redirectLimit) redirects")
    }

    /// Where the API of `host` is, by plain HTTP or by TLS.
    ///
    /// - Spec: the design's "References": loopback registries are tried over plain HTTP.
    func baseURL(of host: RegistryHost) throws -> HTTPURL {
        try host.baseURL {
            let plain = HTTPURL(scheme: "http", authority: host.authority, target: "/v2/")
            let secure = HTTPURL(scheme: "https", authority: host.authority, target: "/v2/")
            if options.plainHTTP { return plain }
            guard host.isLoopback else { return secure }
            return try speaksPlainHTTP(host, plain) ? plain : secure
        }
    }

    /// Asks a loopback host for its API in the clear.
    private func speaksPlainHTTP(_ host: RegistryHost, _ plain: HTTPURL) throws -> Bool {
        let request = HTTPRequest("GET", plain)
        do {
            let response = try exchange(request)
            if response.wantsTLS { return false }
            host.authenticator.note(response)
            return true
        } catch TransportFailure.broken {
            // A server that speaks TLS only may just close what it does not understand.
            return false
        } catch let failure as TransportFailure {
            throw error(failure, request)
        }
    }

    /// Makes sure that the way of authentication is known before a body is sent.
    func discoverAuthentication(of host: RegistryHost) throws {
        let url = try baseURL(of: host)
        guard !host.authenticator.isMethodKnown else { return }
        let request = HTTPRequest("GET", url)
        let response = try retrying(request) { try following(request) { try exchange($0) } }
        host.authenticator.note(response)
    }

    /// The answer, fit to be shown.
    func answer(_ request: HTTPRequest, _ response: HTTPResponse) -> RegistryAnswer {
        RegistryAnswer(
            method: request.method, url: secrets.removed(from: request.url.redacted),
            status: response.status,
            reason: ErrorBody.reason(response.body).map { secrets.removed(from: $0) })
    }

    /// The error that an answer of refusal stands for.
    func refusal(_ call: RegistryCall, _ response: HTTPResponse) -> RegistryError {
        let answer = answer(call.request, response)
        if response.status == 401 || response.status == 403 {
            return .denied(answer, host: call.host.name)
        }
        if RetryPolicy.isTransient(response.status) { return .exhausted(answer) }
        if response.status < 400 {
            return .violation(url: answer.url, problem: "status \(response.status)")
        }
        return .refused(answer)
    }

    func violation(_ request: HTTPRequest, _ problem: String) -> RegistryError {
        .violation(url: secrets.removed(from: request.url.redacted), problem: problem)
    }

    func error(_ failure: TransportFailure, _ request: HTTPRequest) -> RegistryError {
        RegistryError(failure, url: secrets.removed(from: request.url.redacted))
    }
}

extension TransportFailure {
    /// How often it is worth trying again.
    func retryLimit(on url: HTTPURL) -> Int {
        switch self {
        case .unreachable(_, let refused): refused && isLoopbackHost(url.authority) ? 0 : 2
        case .broken, .timedOut: .max
        case .tls, .settings, .lengthRequired, .interrupted: 0
        }
    }
}

extension HTTPRequest {
    func authorized(by authorization: String?) -> HTTPRequest {
        guard let authorization else { return self }
        var request = self
        request.headers.add("Authorization", authorization)
        return request
    }

    func isRedirected(by response: HTTPResponse) -> Bool {
        switch response.status {
        case 301, 302, 303: method == "GET" || method == "HEAD"
        case 307, 308: true
        default: false
        }
    }

    func redirected(to target: HTTPURL) -> HTTPRequest {
        var request = self
        if target.origin != url.origin {
            request.headers = HTTPHeaders(
                headers.fields.filter { !equalsIgnoringCase($0.name, "Authorization") }
                    .map { ($0.name, $0.value) })
        }
        request.url = target
        return request
    }
}

extension HTTPResponse {
    /// What servers of TLS say to plain HTTP.
    var wantsTLS: Bool {
        guard status == 400 || status == 497 || status == 426 else { return false }
        let text = String(decoding: body, as: UTF8.self).lowercased()
        return status != 400
            || (text.contains("http request")
                && (text.contains("https server") || text.contains("https port")))
    }

    /// - Spec: RFC 6750, section 3.1.
    var isInsufficientScope: Bool {
        status == 403
            && Challenge.parse(headers.all("WWW-Authenticate")).contains {
                $0.parameters["error"] == "insufficient_scope"
            }
    }
}

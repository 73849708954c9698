import OCI

/// A request to a registry, for a repository.
struct RegistryCall {
    var request: HTTPRequest
    let host: RegistryHost
    /// Scopes of the token; the first is that of the repository whose credentials are used.
    let scopes: [Scope]
}

extension RegistryClient {
    static let redirectLimit = 10

    /// The maximum number of retries of a refusal that may be premature.
    static let prematureLimit = 3

    /// Sends a request, and repeats it after temporary failures.
    ///
    /// - Parameter isPremature: selects refusals that are retried a few times, and then returned.
    /// - Returns: any response that is not a temporary failure.
    /// - Throws: `RegistryError`; what a sink threw.
    func send(
        _ call: RegistryCall, unless isPremature: (HTTPResponse) -> Bool = { _ in false }
    ) throws -> HTTPResponse {
        try retrying(located(call), unless: isPremature) { try sendOnce(call) }
    }

    /// The request with the URL that was detected for the registry.
    func located(_ call: RegistryCall) -> HTTPRequest {
        call.host.knownBaseURL.map { call.request.moved(to: $0) } ?? call.request
    }

    /// Repeats `attempt` while it fails temporarily. Each attempt sends the body from its first byte.
    func retrying(
        _ request: @autoclosure () -> HTTPRequest,
        unless isPremature: (HTTPResponse) -> Bool = { _ in false },
        _ attempt: () throws -> HTTPResponse
    ) throws -> HTTPResponse {
        var retries = Retries(policy)
        while true {
            _ = request().body?.rewind()
            do {
                let response = try attempt()
                guard RetryPolicy.isTransient(response.status) else {
                    guard isPremature(response),
                        try retries.wait(after: response, limit: RegistryClient.prematureLimit)
                    else { return response }
                    continue
                }
                guard try retries.wait(after: response) else {
                    throw RegistryError.exhausted(answer(request(), response))
                }
            } catch let failure as TransportFailure {
                let limit = failure.retryLimit
                guard try retries.wait(limit: limit) else { throw error(failure, request()) }
            }
        }
    }

    /// Sends once, with authorization and redirects.
    ///
    /// - Throws: `TransportFailure`, `RegistryError`; what a body or a sink threw.
    func sendOnce(_ call: RegistryCall) throws -> HTTPResponse {
        var early = try firstAnswer(call.request, from: call.host)
        let home = try baseURL(of: call.host)
        return try following(call.request.moved(to: home)) { request in
            let answer = early
            early = nil
            return try authorized(request, call, home, answer)
        }
    }

    /// Adds a known authorization, or gets one when the registry demands it.
    ///
    /// - Parameter early: the response to the request without authorization, if it was sent before.
    private func authorized(
        _ request: HTTPRequest, _ call: RegistryCall, _ home: HTTPURL, _ early: HTTPResponse?
    ) throws -> HTTPResponse {
        guard request.url.origin == home.origin else { return try exchange(request) }
        let session = TokenSession(client: self, home: home, request: request)
        var first: String?
        if early == nil {
            first = try call.host.authenticator.authorization(for: call.scopes, session)
        }
        var response = try early ?? exchange(request.authorized(by: first))
        if first == nil { call.host.authenticator.noteFreeAnswer(response) }
        var sent = first
        while response.status == 401 || response.isInsufficientScope {
            let challenges = Challenge.parse(response.headers.all("WWW-Authenticate"))
            let next = try call.host.authenticator.answer(
                challenges, rejecting: sent, for: call.scopes, session)
            // The caller must handle a body that cannot be sent again: the next request is authorized.
            guard let next, request.body?.rewind() ?? true else { return response }
            response = try exchange(request.authorized(by: next.header))
            // A token of another thread may be invalid again by now.
            if next.isNew { return response }
            sent = next.header
        }
        return response
    }

    /// Follows redirects as far as the policy allows.
    func following(
        _ request: HTTPRequest, _ send: (HTTPRequest) throws -> HTTPResponse
    ) throws -> HTTPResponse {
        var request = request
        for count in 0...RegistryClient.redirectLimit {
            var response = try send(request)
            response.isRedirected = count > 0
            guard request.isRedirected(by: response), request.body?.rewind() ?? true else {
                return response
            }
            do {
                let target = try requestPolicy.target(
                    of: response.headers["Location"], from: request.url, "a redirect")
                request = try requestPolicy.redirected(request, to: target)
            } catch {
                throw self.error(error, request)
            }
        }
        throw violation(request, "more than \(RegistryClient.redirectLimit) redirects")
    }

    /// Determines the method of authentication before a body is sent.
    func discoverAuthentication(of host: RegistryHost) throws {
        let url = try baseURL(of: host)
        guard !host.authenticator.isMethodKnown else { return }
        let request = HTTPRequest("GET", url)
        let response = try retrying(request) { try following(request) { try exchange($0) } }
        host.authenticator.note(response)
    }

    /// The response, in a form that can be shown.
    func answer(_ request: HTTPRequest, _ response: HTTPResponse) -> RegistryAnswer {
        RegistryAnswer(
            method: request.method, url: secrets.removed(from: request.url.redacted),
            status: response.status,
            reason: ErrorBody.reason(response.body) { secrets.removed(from: $0) })
    }

    /// The error for a refusal.
    func refusal(_ call: RegistryCall, _ response: HTTPResponse) -> RegistryError {
        let answer = answer(located(call), response)
        if response.status == 401 || response.status == 403 {
            return denial(answer, host: call.host.name)
        }
        if RetryPolicy.isTransient(response.status) { return .exhausted(answer) }
        if response.status < 400 {
            return .violation(url: answer.url, problem: "status \(response.status)")
        }
        return .refused(answer)
    }

    /// The error for missing or wrong credentials, or that of a file that may have them but could
    /// not be used.
    func denial(_ answer: RegistryAnswer, host: String) -> RegistryError {
        credentials.damage(for: host) ?? .denied(answer, host: host)
    }

    func violation(_ request: HTTPRequest, _ problem: String) -> RegistryError {
        .violation(url: secrets.removed(from: request.url.redacted), problem: problem)
    }

    func error(_ failure: TransportFailure, _ request: HTTPRequest) -> RegistryError {
        RegistryError(failure, url: secrets.removed(from: request.url.redacted))
    }
}

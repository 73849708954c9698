import ByteStream
import JSON
import OCI

/// A request to a token server.
struct TokenRequest: Sendable {
    let realm: String
    let service: String?
    let scopes: [String]
    let credential: Credential?
}

/// A token from a token server.
///
/// - Spec: Docker registry token authentication, Token Response Fields.
struct TokenGrant: Sendable {
    let token: String
    let expiry: ContinuousClock.Instant

    /// The lifetime of a token in seconds when the server states none.
    private static let defaultLifetime: Int64 = 60

    /// - Returns: nil without a token that can be sent in a header.
    init?(_ bytes: [UInt8], received: ContinuousClock.Instant) {
        guard let object = try? JSON.parse(bytes).object else { return nil }
        let texts = [object.text("token"), object.text("access_token")].compactMap { $0 }
        guard let token = texts.first(where: { !$0.isEmpty }),
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        self.token = token
        var lifetime = TokenGrant.defaultLifetime
        if case .number(let number) = object["expires_in"], let seconds = number.int64, seconds > 0
        {
            lifetime = min(seconds, 1 << 31)
        }
        // Renewed a little early, so that it does not expire during a request.
        expiry = received + .seconds(lifetime - min(10, lifetime / 4))
    }
}

/// Gets tokens for one request, within the time limits of that request.
struct TokenSession {
    let client: RegistryClient
    let home: HTTPURL
    let request: HTTPRequest

    /// The credentials in the user's files for a repository; from now on their secrets are masked.
    func credential(host: String, repository: String) throws(RegistryError) -> Credential? {
        let found = try client.credentials.find(host: host, repository: repository)
        for secret in found?.secretTexts ?? [] { client.secrets.add(secret) }
        return found
    }

    /// - Throws: `RegistryError`, `TransportFailure`.
    func fetch(_ token: TokenRequest, host: String) throws -> TokenGrant {
        let realm: HTTPURL
        do {
            realm = try client.requestPolicy.realm(token.realm, of: home)
        } catch {
            throw RegistryError(error, url: home.redacted)
        }
        if case .identityToken(_, let secret) = token.credential {
            let post = postRequest(realm, token, secret)
            let response = try send(post)
            if response.status != 404 && response.status != 405 {
                return try grant(post, response, host)
            }
        }
        let get = getRequest(realm, token)
        return try grant(get, try send(get), host)
    }

    private func send(_ request: HTTPRequest) throws -> HTTPResponse {
        try client.retrying(request) {
            try client.following(request) { try client.exchange($0) }
        }
    }

    private func grant(
        _ request: HTTPRequest, _ response: HTTPResponse, _ host: String
    ) throws(RegistryError) -> TokenGrant {
        guard response.isSuccess else {
            let answer = client.answer(request, response)
            // Token servers answer wrong credentials with any of these statuses.
            throw [400, 401, 403].contains(response.status)
                ? client.denial(answer, host: host) : .refused(answer)
        }
        guard let grant = TokenGrant(response.body, received: .now) else {
            throw client.violation(request, "no token in it")
        }
        client.secrets.add(grant.token)
        return grant
    }

    private static let answerByteLimit = 1 << 20

    private func prepared(_ method: String, _ url: HTTPURL) -> HTTPRequest {
        var prepared = HTTPRequest(method, url)
        prepared.bodyLimit = TokenSession.answerByteLimit
        prepared.timeout = request.timeout ?? .seconds(60)
        prepared.ignoresInterruption = request.ignoresInterruption
        return prepared
    }

    /// - Spec: Docker registry token authentication, Requesting a Token.
    func getRequest(_ realm: HTTPURL, _ token: TokenRequest) -> HTTPRequest {
        var url = realm
        if let user = token.credential?.user { url = url.appendingQuery("account", user) }
        if let service = token.service { url = url.appendingQuery("service", service) }
        for scope in token.scopes { url = url.appendingQuery("scope", scope) }
        return prepared("GET", url).authorized(by: token.credential?.basicAuthorization)
    }

    /// - Spec: Docker registry OAuth2 token authentication, Refresh token; RFC 6749, section 6.
    private func postRequest(
        _ realm: HTTPURL, _ token: TokenRequest, _ secret: String
    ) -> HTTPRequest {
        var fields = [
            ("grant_type", "refresh_token"), ("client_id", "ocinoco"), ("refresh_token", secret),
        ]
        if let service = token.service { fields.append(("service", service)) }
        if !token.scopes.isEmpty {
            fields.append(("scope", token.scopes.joined(separator: " ")))
        }
        let form = fields.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
        var post = prepared("POST", realm)
        post.headers.add("Content-Type", "application/x-www-form-urlencoded")
        post.setSecretBody(Array(form.utf8))
        return post
    }
}

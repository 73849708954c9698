import ByteStream
import JSON
import OCI

/// How a registry authenticates a client, and the credentials that it accepted.
///
/// Threads that need a token at the same time wait for the one that gets it.
final class Authenticator: Sendable {
    enum Method: Hashable, Sendable {
        case unknown
        /// The registry needs no authentication.
        case none
        case basic
        case bearer(realm: String, service: String?)
    }

    struct State: Sendable {
        var method = Method.unknown
        var tokens: [Token] = []
        /// Credentials by repository; an inner nil means that there are none.
        var credentials: [String: Credential?] = [:]
        /// Whether a request without authorization was answered without a challenge.
        var hasAnsweredFreely = false
    }

    let hostName: String
    private let fixedCredential: Credential?
    private let state = Guarded(State())

    init(hostName: String, credential: Credential? = nil) {
        self.hostName = hostName
        fixedCredential = credential
    }

    var isMethodKnown: Bool { state.withLock { $0.method != .unknown } }

    /// Whether a request may be sent without authorization, or the method of authentication is
    /// known.
    var mayNeedNothing: Bool {
        state.withLock { $0.method != .unknown || $0.hasAnsweredFreely }
    }

    /// Whether the registry has asked for credentials or a token.
    var wasChallenged: Bool {
        switch state.withLock({ $0.method }) {
        case .unknown, .none: false
        case .basic, .bearer: true
        }
    }

    /// Learns the method of authentication from the response to a request without authorization.
    func note(_ response: HTTPResponse) {
        let challenges = Challenge.parse(response.headers.all("WWW-Authenticate"))
        guard response.status == 401 || response.isSuccess else { return }
        state.withLock { state in
            if state.method == .unknown { state.method = Authenticator.method(challenges) ?? .none }
        }
    }

    /// Learns from the response to a request without authorization that it succeeded, or found
    /// nothing. Other requests may still need authorization: some registries let everyone read.
    func noteFreeAnswer(_ response: HTTPResponse) {
        guard response.isSuccess || response.status == 404 else { return }
        state.withLock { $0.hasAnsweredFreely = true }
    }

    /// Bearer when a challenge has a realm for it; else Basic.
    private static func method(_ challenges: [Challenge]) -> Method? {
        for challenge in challenges where challenge.scheme == "bearer" {
            if let realm = challenge.parameters["realm"], !realm.isEmpty {
                return .bearer(realm: realm, service: challenge.parameters["service"])
            }
        }
        return challenges.contains { $0.scheme == "basic" } ? .basic : nil
    }

    /// The `Authorization` to send with a first request; nil when none is known to be needed.
    ///
    /// - Throws: `RegistryError` when there are credentials but no token for them.
    func authorization(for scopes: [Scope], _ session: TokenSession) throws -> String? {
        try state.withLock { state in
            switch state.method {
            case .unknown, .none: return nil
            case .basic: return try basic(scopes, &state, session)
            case .bearer:
                let now = ContinuousClock.now
                if let token = state.tokens.first(where: { $0.isGood(for: scopes, at: now) }) {
                    return token.header
                }
                return try fetch(scopes, extra: [], &state, session)
            }
        }
    }

    /// The `Authorization` that answers a challenge.
    ///
    /// - Parameter rejected: the `Authorization` of the challenged request.
    /// - Returns: nil when there is nothing else to try; `isNew` is false for a token that another
    ///   thread has got meanwhile.
    func answer(
        _ challenges: [Challenge], rejecting rejected: String?, for scopes: [Scope],
        _ session: TokenSession
    ) throws -> (header: String, isNew: Bool)? {
        try state.withLock { state in
            guard let method = Authenticator.method(challenges) else { return nil }
            if method != state.method { state.tokens = [] }
            state.method = method
            let header: String?
            if method == .basic {
                header = try basic(scopes, &state, session)
            } else {
                state.tokens.removeAll { $0.header == rejected }
                let now = ContinuousClock.now
                let extra = Authenticator.extraScopes(challenges, beside: scopes)
                if extra.isEmpty,
                    let token = state.tokens.first(where: { $0.isGood(for: scopes, at: now) })
                {
                    return (token.header, false)
                }
                header = try fetch(scopes, extra: extra, &state, session)
            }
            return header == rejected ? nil : header.map { ($0, true) }
        }
    }

    /// Scopes of the challenge that the request's own scopes lack.
    private static func extraScopes(_ challenges: [Challenge], beside scopes: [Scope]) -> [String] {
        let asked = challenges.first { $0.scheme == "bearer" }?.parameters["scope"] ?? ""
        return asked.split(separator: " ").map(String.init).filter { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count >= 3, parts.first == "repository", let actions = parts.last else {
                return true
            }
            let repository = parts[1..<(parts.count - 1)].joined(separator: ":")
            let wanted = Set(actions.split(separator: ",").map(String.init))
            return !scopes.contains {
                $0.repository == repository
                    && wanted.isSubset(of: $0.actions.map(\.rawValue))
            }
        }
    }

    private func credential(
        _ scopes: [Scope], _ state: inout State, _ session: TokenSession
    ) throws(RegistryError) -> Credential? {
        if let fixedCredential { return fixedCredential }
        let repository = scopes.first?.repository ?? ""
        if let known = state.credentials[repository] { return known }
        let found = try session.credential(host: hostName, repository: repository)
        state.credentials[repository] = .some(found)
        return found
    }

    private func basic(
        _ scopes: [Scope], _ state: inout State, _ session: TokenSession
    ) throws(RegistryError) -> String? {
        try credential(scopes, &state, session)?.basicAuthorization
    }

    private func fetch(
        _ scopes: [Scope], extra: [String], _ state: inout State, _ session: TokenSession
    ) throws -> String? {
        guard case .bearer(let realm, let service) = state.method else { return nil }
        let credential = try credential(scopes, &state, session)
        if case .registryToken(let token) = credential { return "Bearer \(token)" }
        let request = TokenRequest(
            realm: realm, service: service, scopes: scopes.map(\.text) + extra,
            credential: credential)
        let grant = try session.fetch(request, host: hostName)
        state.tokens.removeAll { $0.expiry <= ContinuousClock.now }
        let token = Token(
            header: "Bearer \(grant.token)", scopes: scopes, expiry: grant.expiry)
        state.tokens.append(token)
        return token.header
    }
}

/// A token and the scopes that it was requested for.
struct Token: Sendable {
    /// The whole value of `Authorization`.
    let header: String
    let scopes: [Scope]
    let expiry: ContinuousClock.Instant

    func isGood(for wanted: [Scope], at now: ContinuousClock.Instant) -> Bool {
        now < expiry && wanted.allSatisfy { scope in scopes.contains { $0.covers(scope) } }
    }
}

import OCI

/// The credentials of a client.
enum Credential: Hashable, Sendable {
    case password(user: String, password: String)
    /// A refresh token of OAuth2.
    case identityToken(user: String?, token: String)
    /// A bearer token that is sent as it is.
    case registryToken(String)

    /// nil for an identity token without a user.
    var user: String? {
        switch self {
        case .password(let user, _): user
        case .identityToken(let user, _): user
        case .registryToken: nil
        }
    }

    /// - Spec: RFC 7617.
    var basicAuthorization: String? {
        switch self {
        case .password(let user, let password): basic("\(user):\(password)")
        case .identityToken(let user, let token): basic("\(user ?? "<token>"):\(token)")
        case .registryToken: nil
        }
    }

    private func basic(_ text: String) -> String {
        "Basic " + String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }

    /// All texts in it that must not be shown.
    var secretTexts: [String] {
        let encoded = basicAuthorization.map { String($0.dropFirst("Basic ".count)) }
        switch self {
        case .password(_, let password): return [password, encoded].compactMap { $0 }
        case .identityToken(_, let token): return [token, encoded].compactMap { $0 }
        case .registryToken(let token): return [token]
        }
    }
}

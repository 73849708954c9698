import ByteStream
import OCI

extension RegistryClient {
    /// Asks a registry whether it accepts its stored credentials.
    ///
    /// - Parameter registry: as for `login`.
    /// - Throws: `RegistryError.noCredentials` when there are none; `.denied` when the registry does
    ///   not accept them.
    /// - Spec: distribution-spec v1.1, Determining Support.
    public func checkLogin(_ registry: String) throws {
        let name = try LoginName(registry)
        let repository = String(name.key.dropFirst(name.host.utf8.count).drop { $0 == "/" })
        guard
            let credential = try credentials.find(host: name.host, repository: repository)
        else { throw RegistryError.noCredentials(registry: name.key) }
        for secret in credential.secretTexts { secrets.add(secret) }
        let host = RegistryHost(name.host, credential: credential)
        let call = RegistryCall(
            request: HTTPRequest("GET", try baseURL(of: host)), host: host, scopes: [])
        try checkSupport(call, send(call))
    }
}

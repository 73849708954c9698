import ByteStream
import Glibc
import OCI

/// Information about a registry, found without changing anything.
public struct RegistryExamination: Sendable {
    /// Whether it is used over TLS.
    public let isSecure: Bool
    /// The file and key of the credentials; nil when there are none.
    public let credentials: (file: Path, key: String)?
    /// Whether it demanded credentials or a token.
    public let wasChallenged: Bool
    /// Its clock minus this machine's, in seconds; nil when it did not send the time.
    public let clockDifference: Int64?
}

extension RegistryClient {
    /// Checks that a registry answers for a repository, without reading or changing anything in it.
    ///
    /// - Throws: `RegistryError`, as any request.
    /// - Spec: distribution-spec v1.1, Determining Support.
    public func examine(_ reference: RegistryReference) throws -> RegistryExamination {
        let host = host(reference.host)
        let place = try credentials.place(host: host.name, repository: reference.repository)
        let base = try baseURL(of: host)
        let call = RegistryCall(
            request: HTTPRequest("GET", base), host: host, scopes: [.pull(reference.repository)])
        let response = try send(call)
        try checkSupport(call, response)
        let difference = response.headers["Date"].flatMap(HTTPDate.seconds).map {
            $0 - Int64(time(nil))
        }
        return RegistryExamination(
            isSecure: base.scheme == "https", credentials: place,
            wasChallenged: host.authenticator.wasChallenged, clockDifference: difference)
    }

    /// Checks that a response to `/v2/` comes from a registry that takes part in the API.
    ///
    /// - Throws: `RegistryError` for a refusal, and for the page of a portal or login.
    /// - Spec: distribution-spec v1.1, Determining Support.
    func checkSupport(_ call: RegistryCall, _ response: HTTPResponse) throws(RegistryError) {
        guard response.status == 200 else { throw refusal(call, response) }
        if response.isWebPage, ErrorBody.isMarkup(response.body) {
            throw violation(located(call), "a web page, not a registry")
        }
    }
}

import ByteStream
import CCurl
import Glibc
import OCI
import Synchronization

/// A client for any number of registries. All its repositories share connections, tokens and
/// credentials. Usable from several threads at once.
///
/// - Spec: distribution-spec v1.1.
public final class RegistryClient: Sendable {
    let options: RegistryOptions
    let policy: RetryPolicy
    let requestPolicy: RequestPolicy
    let credentials: CredentialStore
    let secrets: Secrets
    private let pool: ConnectionPool
    private let hosts = Guarded<[String: RegistryHost]>([:])
    private let warned = Guarded<Set<String>>([])
    private let transferCount = Atomic<Int>(0)

    /// The name and version of the HTTP library, such as `libcurl 7.88.1`.
    public static var libraryVersion: String {
        "libcurl \(String(cString: curl_library_version()))"
    }

    /// Opens no connection, and reads only files that the options name.
    ///
    /// - Throws: `RegistryError.setting` or `.credentialFile` for files that cannot be used.
    public convenience init(_ options: RegistryOptions) throws(RegistryError) {
        try self.init(options, policy: RetryPolicy(limit: options.retries))
    }

    init(
        _ options: RegistryOptions, policy: RetryPolicy, environment: Environment = .process
    ) throws(RegistryError) {
        for path in [options.caFile, options.certificate, options.key].compactMap({ $0 }) {
            guard path.withCString({ access($0, R_OK) }) == 0 else {
                throw .stream(.open(path: path, Errno.current))
            }
        }
        self.options = options
        self.policy = policy
        requestPolicy = RequestPolicy(allowsPlainHTTP: options.plainHTTP)
        secrets = Secrets(proxies: environment.proxies)
        credentials = CredentialStore(
            authFile: options.authFile, environment: environment, trace: options.trace,
            warn: options.warn)
        pool = ConnectionPool(
            TransportSettings(options, environment: environment, secrets: secrets))
    }

    /// The repository of `reference`, which need not exist; no request is made.
    public func repository(_ reference: RegistryReference) -> RegistryRepository {
        RegistryRepository(client: self, host: host(reference.host), path: reference.repository)
    }

    func host(_ name: String) -> RegistryHost {
        hosts.withLock { hosts in
            if let host = hosts[name] { return host }
            let host = RegistryHost(name)
            hosts[name] = host
            return host
        }
    }

    func nextTransferIdentifier() -> Int {
        transferCount.add(1, ordering: .relaxed).newValue
    }

    func trace(_ line: @autoclosure () -> String) {
        if let trace = options.trace { trace(secrets.removed(from: line())) }
    }

    /// Sends one request, and traces it.
    ///
    /// - Throws: `TransportFailure`; what a body or a sink threw.
    func exchange(_ request: HTTPRequest) throws -> HTTPResponse {
        try requestPolicy.check(request)
        do {
            let response = try pool.perform(request)
            trace("\(request.method) \(request.url.redacted): \(response.status)")
            warn(response.headers.all("Warning"), from: request.url)
            return response
        } catch {
            let url = request.url.redacted
            trace("\(request.method) \(url): \(traceText(error, url))")
            throw error
        }
    }

    private func traceText(_ error: any Error, _ url: String) -> String {
        switch error {
        case let failure as TransportFailure: RegistryError(failure, url: url).message
        case let failure as any Failure: failure.message
        default: "stopped"
        }
    }

    private func warn(_ values: [String], from url: HTTPURL) {
        guard let warn = options.warn, !values.isEmpty else { return }
        for text in HeaderValue.warnings(values.map { secrets.removed(from: $0) }) {
            let line = "\(url.authority): \(text)"
            if warned.withLock({ $0.insert(line).inserted }) { warn(line) }
        }
    }
}

import ByteStream
import OCI

/// The state of a registry during a run.
final class RegistryHost: Sendable {
    /// Host and port, as in references.
    let name: String
    /// Host and port of its API.
    let authority: String
    let authenticator: Authenticator
    private let baseURL = Guarded<HTTPURL?>(nil)
    private let uploadHabits = Guarded(UploadHabits())

    /// - Parameter credential: credentials to use instead of those in files.
    init(_ name: String, credential: Credential? = nil) {
        self.name = name
        // - Spec: Docker's reference grammar: the default registry's API has another host name.
        authority = name == "docker.io" ? "registry-1.docker.io" : name
        authenticator = Authenticator(hostName: name, credential: credential)
    }

    var isLoopback: Bool { isLoopbackHost(authority) }

    /// The URL of the API's root. The first caller detects it while others wait.
    func baseURL(finding: () throws -> HTTPURL) throws -> HTTPURL {
        try baseURL.withLock { known in
            if let known { return known }
            let found = try finding()
            known = found
            return found
        }
    }

    /// The URL of the API's root; nil before it was detected.
    var knownBaseURL: HTTPURL? { baseURL.withLock { $0 } }

    /// Stores the URL of the API, unless it is known.
    func settle(on url: HTTPURL) { baseURL.withLock { $0 = $0 ?? url } }

    var habits: UploadHabits {
        get { uploadHabits.withLock { $0 } }
        set { uploadHabits.withLock { $0 = newValue } }
    }
}

/// Limits and methods of a registry's uploads, learned from its responses.
struct UploadHabits: Sendable, Hashable {
    /// A PUT with a body at the end of an upload was refused.
    var refusesWholes = false
    /// A PATCH without a length was refused.
    var refusesStreams = false
    /// A PATCH with `Content-Range` was refused.
    var refusesChunks = false
    /// The largest body to try; nil before one was refused.
    var bodyLimit: Int?
}

import ByteStream
import OCI

/// The files in which credentials are looked up, in order.
///
/// - Spec: containers-auth.json(5); Docker's config.json.
struct CredentialStore: Sendable {
    let environment: Environment
    let authFile: Path?
    let trace: (@Sendable (String) -> Void)?

    init(authFile: Path?, environment: Environment, trace: (@Sendable (String) -> Void)?) {
        self.authFile = authFile
        self.environment = environment
        self.trace = trace
    }

    /// The files, first to last. A file that was named is the only one.
    var files: [Path] {
        if let explicit = authFile ?? environment["REGISTRY_AUTH_FILE"] { return [explicit] }
        var files: [Path] = []
        let runtime =
            environment["XDG_RUNTIME_DIR"]?.appending("containers")
            ?? Path("/run/containers/\(environment.userID)")
        files.append(runtime.appending("auth.json"))
        let home = environment["HOME"]
        if let config = environment["XDG_CONFIG_HOME"] ?? home?.appending(".config") {
            files.append(config.appending("containers").appending("auth.json"))
        }
        if let docker = environment["DOCKER_CONFIG"] ?? home?.appending(".docker") {
            files.append(docker.appending("config.json"))
        }
        return files
    }

    /// The credentials for a repository, of the first file that has some.
    ///
    /// - Throws: `RegistryError.credentialFile`, `.credentialHelper`.
    func find(host: String, repository: String) throws(RegistryError) -> Credential? {
        for path in files {
            guard let file = try CredentialFile.load(path) else {
                if path == authFile {
                    throw .stream(.open(path: path, .noEntry))
                }
                continue
            }
            for candidate in try file.candidates(host: host, repository: repository) {
                if let credential = try resolve(candidate) {
                    trace?("credentials for \(host): \(path.quoted), key \(quote(candidate.key))")
                    return credential
                }
            }
        }
        trace?("credentials for \(host): none, anonymous")
        return nil
    }

    private func resolve(_ candidate: CredentialFile.Candidate) throws(RegistryError) -> Credential?
    {
        switch candidate.source {
        case .entry(let credential): credential
        case .helper(let name, let server): try CredentialHelper(name: name).get(server)
        }
    }
}

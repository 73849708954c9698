import ByteStream
import OCI

/// The files in which credentials are looked up, in order.
///
/// - Spec: containers-auth.json(5); Docker's config.json.
struct CredentialStore: Sendable {
    let environment: Environment
    let authFile: Path?
    let trace: (@Sendable (String) -> Void)?
    let warn: (@Sendable (String) -> Void)?
    /// Errors of files and helpers that might have credentials, by host.
    private let damages = Guarded<[String: RegistryError]>([:])
    private let warned = Guarded<Set<String>>([])
    /// What `load` has read of files that are not regular.
    private let loaded = Guarded<[Path: CredentialFile]>([:])

    init(
        authFile: Path?, environment: Environment, trace: (@Sendable (String) -> Void)? = nil,
        warn: (@Sendable (String) -> Void)? = nil
    ) {
        self.authFile = authFile
        self.environment = environment
        self.trace = trace
        self.warn = warn
    }

    /// The error that kept `find` from searching all files for credentials of `host`, when it found
    /// none.
    func damage(for host: String) -> RegistryError? { damages.withLock { $0[host] } }

    /// Whether the user named the file. Such a file must be valid, and exist when an option named
    /// it; the others may belong to another user.
    private var isNamed: Bool { authFile != nil || environment["REGISTRY_AUTH_FILE"] != nil }

    /// The files in the order of lookup. A file that the user named is the only one.
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

    /// The credentials for a repository, from the first file that has an entry for it.
    ///
    /// A file or helper that cannot be used causes a warning and is skipped, because the content
    /// may be public; `damage` returns the error later.
    ///
    /// - Throws: `RegistryError.credentialFile` and `.credentialHelper` when the user named the
    ///   file.
    func find(host: String, repository: String) throws(RegistryError) -> Credential? {
        var damage: RegistryError?
        for path in files {
            do {
                if let found = try find(in: path, host, repository, &damage) { return found }
            } catch {
                try passOver(error, &damage)
            }
        }
        if let damage { damages.withLock { $0[host] = damage } }
        trace?("credentials for \(host): none, anonymous")
        return nil
    }

    /// Warns once about a file or helper that cannot be used, and stores the first error as the
    /// reason.
    private func passOver(
        _ error: RegistryError, _ damage: inout RegistryError?
    ) throws(RegistryError) {
        guard !isNamed, error.isAboutCredentials else { throw error }
        if warned.withLock({ $0.insert(error.message).inserted }) {
            warn?("\(error.message); going on without it")
        }
        damage = damage ?? error
    }

    private func find(
        in path: Path, _ host: String, _ repository: String, _ damage: inout RegistryError?
    ) throws(RegistryError) -> Credential? {
        guard let file = try load(path) else {
            if path == authFile { throw .stream(.open(path: path, .noEntry)) }
            return nil
        }
        for candidate in try file.candidates(host: host, repository: repository) {
            do {
                guard let credential = try resolve(candidate) else { continue }
                trace?("credentials for \(host): \(path.quoted), key \(quote(candidate.key))")
                return credential
            } catch {
                try passOver(error, &damage)
            }
        }
        return nil
    }

    /// The file and key that `find` gets credentials from. Helpers are called; files are only read.
    ///
    /// - Throws: what `find` throws.
    func place(
        host: String, repository: String
    ) throws(RegistryError) -> (file: Path, key: String)? {
        for path in files {
            guard let file = try load(path) else { continue }
            for candidate in try file.candidates(host: host, repository: repository)
            where try resolve(candidate) != nil {
                return (path, candidate.key)
            }
        }
        return nil
    }

    /// Reads a file; a FIFO or pipe, which can be read only once, at the first call.
    ///
    /// - Throws: as `CredentialFile.load`.
    private func load(_ path: Path) throws(RegistryError) -> CredentialFile? {
        if CredentialFile.isRegular(path) ?? true { return try CredentialFile.load(path) }
        return try loaded.withLock { (loaded) throws(RegistryError) in
            if let file = loaded[path] { return file }
            loaded[path] = try CredentialFile.load(path)
            return loaded[path]
        }
    }

    private func resolve(_ candidate: CredentialFile.Candidate) throws(RegistryError) -> Credential?
    {
        switch candidate.source {
        case .entry(let credential): credential
        case .helper(let name, let server): try CredentialHelper(name: name).get(server)
        }
    }
}

extension RegistryError {
    /// Whether the error is about a file of credentials or a helper.
    fileprivate var isAboutCredentials: Bool {
        switch self {
        case .credentialFile, .credentialHelper: true
        default: false
        }
    }
}

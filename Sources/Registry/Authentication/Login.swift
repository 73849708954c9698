import ByteStream
import Glibc
import JSON
import OCI

extension RegistryClient {
    /// Stores credentials after the registry accepted them.
    ///
    /// They are stored in the file that has an entry for the registry already, else in the first
    /// file that exists, else in the first file of the search order; or in the helper that this
    /// file names. Other entries stay.
    /// - Parameter registry: `HOST[:PORT]`, or `HOST[:PORT]/PATH` for a part of it.
    /// - Returns: the file.
    /// - Throws: `RegistryError.denied` when the registry does not accept them; then nothing is
    ///   written. `.usage` for a user or registry that there cannot be, and `StreamError.notReplaced`
    ///   for a file that cannot be replaced; then nothing is sent.
    /// - Spec: containers-auth.json(5); distribution-spec v1.1, Determining Support; RFC 7617,
    ///   section 2, for the characters of a user.
    @discardableResult
    public func login(_ registry: String, user: String, password: String) throws -> Path {
        let name = try LoginName(registry)
        guard !user.isEmpty, !user.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x3A })
        else { throw RegistryError.usage(problem: "not a user name: \(quote(user))") }
        let file = try credentials.fileToWrite(for: name.key)
        secrets.add(password)
        let credential = Credential.password(user: user, password: password)
        for secret in credential.secretTexts { secrets.add(secret) }
        let host = RegistryHost(name.host, credential: credential)
        let call = RegistryCall(
            request: HTTPRequest("GET", try baseURL(of: host)), host: host, scopes: [])
        do {
            try checkSupport(call, send(call))
            if !host.authenticator.wasChallenged { try offer(credential, call) }
        } catch RegistryError.denied(let answer, _) {
            throw RegistryError.denied(answer, host: nil)
        }
        try credentials.store(name.key, in: file, user: user, password: password)
        return file
    }

    /// Sends credentials to a registry that answers without them, because it may still refuse wrong
    /// ones.
    private func offer(_ credential: Credential, _ call: RegistryCall) throws {
        let request = call.request.authorized(by: credential.basicAuthorization)
        try checkSupport(
            call, retrying(request) { try following(request) { try exchange($0) } })
        options.warn?(
            "\(call.host.name) does not ask for a password: whether it is right is not known")
    }

    /// Removes the credentials of a registry from all files and helpers.
    ///
    /// - Returns: the files that had such credentials.
    public func logout(_ registry: String) throws -> [Path] {
        try credentials.remove(LoginName(registry).key)
    }
}

/// A registry as `login` accepts it.
struct LoginName {
    let host: String
    /// The host, with the path if there is one.
    let key: String

    init(_ text: String) throws(RegistryError) {
        var name = CredentialFile.normalized(text)
        if name.hasPrefix("docker://") { name = String(name.dropFirst("docker://".count)) }
        guard !name.isEmpty, !name.contains(where: { "@?#%'\"\\".contains($0) }),
            let url = HTTPURL("https://\(name)/"), url.authority.first != ":"
        else {
            throw .usage(problem: "not a registry: \(quote(text.hidingUserInfo ?? text))")
        }
        key = name
        host = CredentialFile.normalized(url.authority)
    }
}

extension CredentialStore {
    /// - Parameter path: of `fileToWrite(for:)`.
    func store(_ key: String, in path: Path, user: String, password: String) throws {
        let helper = try CredentialFile.load(path)?.helper(for: key)
        if let helper {
            try CredentialHelper(name: helper.name).store(
                helper.server, user: user, password: password)
        } else {
            try CredentialFile.edit(path) { $0.set(key, user: user, password: password) }
        }
    }

    func remove(_ key: String) throws -> [Path] {
        var removed: [Path] = []
        for path in files {
            guard let file = try CredentialFile.load(path) else { continue }
            if let helper = file.helper(for: key),
                try CredentialHelper(name: helper.name).get(helper.server) != nil
            {
                try CredentialHelper(name: helper.name).erase(helper.server)
                removed.append(path)
            } else if file.has(key) {
                try CredentialFile.edit(path) { _ = $0.remove(key) }
                removed.append(path)
            }
        }
        return removed
    }

    /// The file that `store` changes, or whose helper it calls.
    ///
    /// - Throws: `StreamError.notReplaced` for a device or FIFO, which is not read either;
    ///   `RegistryError.credentialFile`.
    func fileToWrite(for key: String) throws -> Path {
        var existing: Path?
        for path in files {
            try CredentialFile.checkReplaceable(path)
            guard let file = try CredentialFile.load(path) else { continue }
            if file.has(key) { return path }
            existing = existing ?? path
        }
        if let existing { return existing }
        let isRuntimeDirectoryKnown =
            environment["XDG_RUNTIME_DIR"] != nil || authFile != nil
            || environment["REGISTRY_AUTH_FILE"] != nil
        // Without a runtime directory, use the last file, Docker's, which every tool reads.
        guard let path = isRuntimeDirectoryKnown ? files.first : files.last else {
            throw RegistryError.setting(problem: "no place for credentials: HOME is not set")
        }
        return path
    }
}

extension CredentialFile {
    func has(_ key: String) -> Bool { storedKey("auths", key) != nil }

    /// The helper that stores the credentials of `key`.
    func helper(for key: String) -> (name: String, server: String)? {
        if let stored = storedKey("credHelpers", key),
            let helpers = document["credHelpers"]?.object,
            let name = helpers[JSONString(stored)]?.string
        {
            return (name.text, stored)
        }
        guard let name = document["credsStore"]?.string, !name.utf8.isEmpty,
            !key.contains("/")
        else { return nil }
        return (name.text, key == "docker.io" ? CredentialFile.dockerKey : key)
    }

    /// The spelling of `key` in `member`; nil when it is missing.
    private func storedKey(_ member: JSONString, _ key: String) -> String? {
        guard let object = document[member]?.object else { return nil }
        if object[JSONString(key)] != nil { return key }
        return object.members.first { CredentialFile.normalized($0.key.text) == key }?.key.text
    }

    /// Sets user and password of an entry. Its other members stay, except for tokens.
    mutating func set(_ key: String, user: String, password: String) {
        let isDocker = path.name == "config.json"
        let fresh = key == "docker.io" && isDocker ? CredentialFile.dockerKey : key
        let name = JSONString(storedKey("auths", key) ?? fresh)
        var auths = document.object("auths")
        var entry = auths.object(name)
        let auth = Base64.encode(Array("\(user):\(password)".utf8))
        entry["auth"] = .string(String(decoding: auth, as: UTF8.self))
        for member: JSONString in ["username", "password", "identitytoken", "registrytoken"] {
            entry[member] = nil
        }
        auths[name] = .object(entry)
        document["auths"] = .object(auths)
    }

    /// - Returns: false when there was no entry.
    mutating func remove(_ key: String) -> Bool {
        guard case .object(var auths) = document["auths"] else { return false }
        var isRemoved = false
        while let stored = storedKey("auths", key) {
            auths[JSONString(stored)] = nil
            document["auths"] = .object(auths)
            isRemoved = true
        }
        return isRemoved
    }
}

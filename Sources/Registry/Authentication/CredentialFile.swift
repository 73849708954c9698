import ByteStream
import Glibc
import JSON
import OCI

/// A file of credentials, `auth.json` or Docker's `config.json`.
///
/// - Spec: containers-auth.json(5).
struct CredentialFile {
    struct Candidate {
        /// Its spelling in the file.
        let key: String
        let source: Source
    }

    enum Source {
        case entry(Credential)
        case helper(name: String, server: String)
    }

    static let byteLimit = 4 << 20
    /// The key under which Docker keeps the credentials of its own registry.
    static let dockerKey = "https://index.docker.io/v1/"

    let path: Path
    var document: JSONObject

    init(path: Path, bytes: [UInt8]) throws(RegistryError) {
        self.path = path
        do {
            // - Spec: RFC 8259, section 8.1: a parser may ignore a byte order mark.
            let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
            // Docker may leave an empty file.
            let isBlank = bytes.allSatisfy { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
            document = isBlank ? JSONObject() : try JSONField(JSON.parse(bytes)).object()
            for key: JSONString in ["auths", "credHelpers"] {
                _ = try JSONField(.object(document)).member(key).map { (field) throws(JSONError) in
                    try field.object()
                }
            }
        } catch {
            throw .credentialFile(path, problem: error.text)
        }
    }

    /// - Returns: nil when there is no such file.
    /// - Throws: `RegistryError.credentialFile`, also for a file that cannot be read; `.interrupted`.
    static func load(_ path: Path) throws(RegistryError) -> CredentialFile? {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor(reading: path)
        } catch {
            if error == .noEntry || error == .notDirectory { return nil }
            if error == .cancelled { throw .interrupted }
            // Another user's runtime directory is not used.
            if error.rawValue == EACCES, path.bytes.starts(with: "/run/containers/".utf8) {
                return nil
            }
            throw .credentialFile(path, problem: error.description)
        }
        do {
            guard let bytes = try InputStream(file, path: path).readAll(limit: byteLimit)
            else {
                throw RegistryError.credentialFile(path, problem: "more than \(byteLimit) bytes")
            }
            return try CredentialFile(path: path, bytes: bytes)
        } catch let error as StreamError {
            throw .credentialFile(path, problem: error.message)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw .credentialFile(path, problem: "\(error)")
        }
    }

    /// The entries and helpers that may have credentials for a repository, the most specific first.
    ///
    /// - Throws: `RegistryError.credentialFile` for a matching entry that cannot be read.
    func candidates(host: String, repository: String) throws(RegistryError) -> [Candidate] {
        var candidates: [Candidate] = []
        for name in CredentialFile.names(host: host, repository: repository) {
            if let (key, value) = member(of: "credHelpers", name), let helper = value.string {
                let source = Source.helper(name: helper.text, server: key)
                candidates.append(Candidate(key: key, source: source))
            }
            if name == host, let helper = document["credsStore"]?.string, !helper.utf8.isEmpty {
                let server = host == "docker.io" ? CredentialFile.dockerKey : host
                let source = Source.helper(name: helper.text, server: server)
                candidates.append(Candidate(key: server, source: source))
            }
            if let (key, value) = member(of: "auths", name),
                let credential = try credential(key, value)
            {
                candidates.append(Candidate(key: key, source: .entry(credential)))
            }
        }
        return candidates
    }

    /// `host/a/b`, `host/a`, `host`.
    static func names(host: String, repository: String) -> [String] {
        var names = [host]
        for component in repository.split(separator: "/") {
            names.insert("\(names[0])/\(component)", at: 0)
        }
        return names
    }

    /// The member of `auths` or `credHelpers` for `name`: the same text, or else a URL of it.
    private func member(of key: JSONString, _ name: String) -> (key: String, value: JSON)? {
        guard let object = document[key]?.object else { return nil }
        if let value = object[JSONString(name)] { return (name, value) }
        let match = object.members.first { CredentialFile.normalized($0.key.text) == name }
        return match.map { ($0.key.text, $0.value) }
    }

    /// Normalizes a key to a name. Docker's older keys are URLs of an API, and the text after the
    /// host is ignored. Other keys may have a path, which is a part of the registry.
    static func normalized(_ key: String) -> String {
        var name = Substring(key)
        for scheme in ["https://", "http://"] where name.hasPrefix(scheme) {
            name = name.dropFirst(scheme.count).prefix { $0 != "/" }
        }
        for version in ["/v1/", "/v2/"]
        where name.hasSuffix(version) && !name.dropLast(version.count).contains("/") {
            name = name.dropLast(version.count)
        }
        while name.hasSuffix("/") { name = name.dropLast() }
        let end = name.firstIndex(of: "/") ?? name.endIndex
        let host = name[..<end].lowercased()
        let isDocker = ["index.docker.io", "registry-1.docker.io"].contains(host)
        return (isDocker ? "docker.io" : host) + name[end...]
    }

    private func credential(_ key: String, _ value: JSON) throws(RegistryError) -> Credential? {
        guard let entry = value.object else {
            throw .credentialFile(path, problem: "the entry \(quote(key)) is not an object")
        }
        var user = entry.text("username")
        var password = entry.text("password")
        if let auth = entry.text("auth"), !auth.isEmpty {
            guard let pair = CredentialFile.decodeAuth(auth) else {
                throw .credentialFile(
                    path, problem: "the entry \(quote(key)) has no 'user:password' in base64")
            }
            (user, password) = (pair.user, pair.password)
        }
        if let token = entry.text("registrytoken"), !token.isEmpty { return .registryToken(token) }
        if let token = entry.text("identitytoken"), !token.isEmpty {
            return .identityToken(user: user.flatMap { $0.isEmpty ? nil : $0 }, token: token)
        }
        guard let user, !user.isEmpty, let password else { return nil }
        return .password(user: user, password: password)
    }

    /// `user:password` in base64; padding may be missing, and zero bytes at the end are ignored.
    static func decodeAuth(_ text: String) -> (user: String, password: String)? {
        var encoded = Array(text.utf8).filter { $0 > 0x20 }
        while encoded.last == UInt8(ascii: "=") { encoded.removeLast() }
        while encoded.count % 4 != 0 { encoded.append(UInt8(ascii: "=")) }
        guard var bytes = Base64.decode(encoded) else { return nil }
        while bytes.last == 0 { bytes.removeLast() }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return (
            String(decoding: bytes[..<colon], as: UTF8.self),
            String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        )
    }
}

import ByteStream
import Glibc

/// The environment variables for credentials, certificate authorities and proxies.
struct Environment: Sendable {
    private let values: [String: [UInt8]]
    let userID: UInt32

    init(_ values: [String: String], userID: UInt32 = 0) {
        self.values = values.mapValues { Array($0.utf8) }
        self.userID = userID
    }

    /// A variable that is set and not empty.
    subscript(name: String) -> Path? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return Path(value)
    }

    /// The directories of certificates by host, the user's first.
    ///
    /// - Spec: containers-certs.d(5).
    var certificateDirectories: [Path] {
        let own = self["HOME"]?.appending(".config/containers/certs.d")
        return [own, "/etc/containers/certs.d", "/etc/docker/certs.d"].compactMap { $0 }
    }

    /// Whether `no_proxy` is set and empty.
    var namesNoExceptionFromProxies: Bool {
        (values["no_proxy"] ?? values["NO_PROXY"])?.isEmpty ?? false
    }

    /// The paths of a variable that is a list separated by colons, without empty ones.
    func list(_ name: String) -> [Path] {
        (values[name] ?? []).split(separator: UInt8(ascii: ":")).map { Path($0) }
    }

    /// The URLs of proxies, as they are written.
    var proxies: [String] {
        Environment.proxyNames.compactMap { values[$0] }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let proxyNames = [
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
    ]

    static var process: Environment {
        let names =
            [
                "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "HOME",
                "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
            ] + proxyNames
        var values: [String: [UInt8]] = [:]
        for name in names {
            if let value = getenv(name) {
                values[name] = Path(cString: value).bytes
            }
        }
        return Environment(values: values, userID: geteuid())
    }

    private init(values: [String: [UInt8]], userID: UInt32) {
        self.values = values
        self.userID = userID
    }
}

import ByteStream
import Glibc

/// The variables that say where credentials are, and what is asked for without a proxy.
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

    /// Where certificates are kept by host, the user's first.
    ///
    /// - Spec: containers-certs.d(5).
    var certificateDirectories: [Path] {
        let own = self["HOME"]?.appending(".config/containers/certs.d")
        return [own, "/etc/containers/certs.d", "/etc/docker/certs.d"].compactMap { $0 }
    }

    /// Whether the variable of hosts without a proxy is there and says that there are none.
    var namesNoExceptionFromProxies: Bool {
        (values["no_proxy"] ?? values["NO_PROXY"])?.isEmpty ?? false
    }

    static var process: Environment {
        let names = [
            "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "HOME",
            "no_proxy", "NO_PROXY",
        ]
        var values: [String: [UInt8]] = [:]
        for name in names {
            if let value = getenv(name) {
                values[name] = Array(Path(bytes: value).bytes)
            }
        }
        return Environment(values: values, userID: geteuid())
    }

    private init(values: [String: [UInt8]], userID: UInt32) {
        self.values = values
        self.userID = userID
    }
}

extension Path {
    /// The bytes of a C string.
    fileprivate init(bytes pointer: UnsafePointer<CChar>) {
        self.init(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
    }
}

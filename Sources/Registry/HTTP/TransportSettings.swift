import ByteStream
import CCurl
import Glibc
import OCI

/// Settings of all connections of a client.
struct TransportSettings: Sendable {
    var connectTimeout: Duration
    var stallTimeout: Duration
    var verifyTLS: Bool
    var caFile: Path?
    var certificate: Path?
    var key: Path?
    /// Directories with certificates by host.
    var certificateDirectories: [Path]
    /// Whether loopback hosts are reached through a proxy too.
    var proxiesLoopback: Bool
    let authorities: TrustedAuthorities
    /// Secrets to remove from libcurl's messages.
    let secrets: Secrets

    init(_ options: RegistryOptions, environment: Environment, secrets: Secrets) {
        self.secrets = secrets
        authorities = TrustedAuthorities(environment)
        certificateDirectories = environment.certificateDirectories
        proxiesLoopback = environment.namesNoExceptionFromProxies
        connectTimeout = options.connectTimeout
        stallTimeout = options.stallTimeout
        verifyTLS = options.verifyTLS
        caFile = options.caFile
        certificate = options.certificate
        key = options.key
    }

    /// Sets certificates and HTTP/2, only for a transfer over TLS.
    func configureTLS(
        _ easy: UnsafeMutableRawPointer, _ url: HTTPURL
    ) throws(TransportFailure) {
        curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, verifyTLS ? 1 : 0)
        curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, verifyTLS ? 2 : 0)
        let own = try HostCertificates(of: url.authority, in: certificateDirectories)
        if verifyTLS {
            try authorities.configure(easy, beside: caFile.map { [$0] } ?? own.authorities)
        }
        // OpenSSL would ask for the password of an encrypted key, without a terminal on stdin.
        guard curl_set_string(easy, CURLOPT_KEYPASSWD, "") == CURLE_OK else {
            throw .settings("libcurl does not take a password of keys")
        }
        if let certificate {
            try setPath(easy, CURLOPT_SSLCERT, certificate)
            try setPath(easy, CURLOPT_SSLKEY, key ?? certificate)
        } else if let pair = own.client {
            try setPath(easy, CURLOPT_SSLCERT, pair.certificate)
            try setPath(easy, CURLOPT_SSLKEY, pair.key)
        }
    }
}

func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    let byte = lowercased(byte)
    return (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
}

/// Whether `authority` (host and port) is this machine.
func isLoopbackHost(_ authority: String) -> Bool {
    RegistryReference(host: authority.lowercased(), repository: "", tag: nil, digest: nil)
        .isLoopback
}

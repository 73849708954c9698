import ByteStream
import CCurl
import Glibc
import OCI

/// What every connection of a client has in common.
struct TransportSettings: Sendable {
    var connectTimeout: Duration
    var stallTimeout: Duration
    var verifyTLS: Bool
    var caFile: Path?
    var certificate: Path?
    var key: Path?

    init(_ options: RegistryOptions) {
        connectTimeout = options.connectTimeout
        stallTimeout = options.stallTimeout
        verifyTLS = options.verifyTLS
        caFile = options.caFile
        certificate = options.certificate
        key = options.key
    }

    /// Certificates and HTTP/2, for a transfer over TLS only.
    func configureTLS(
        _ easy: UnsafeMutableRawPointer, _ url: HTTPURL
    ) throws(TransportFailure) {
        curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, verifyTLS ? 1 : 0)
        curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, verifyTLS ? 2 : 0)
        if let directory = TransportSettings.hashedDirectory {
            // Certificates are looked up one by one; the bundle file costs 20 ms to parse.
            _ = directory.withCString { curl_set_string(easy, CURLOPT_CAPATH, $0) }
            curl_set_string(easy, CURLOPT_CAINFO, nil)
        } else if let bundle = getenv("SSL_CERT_FILE") {
            curl_set_string(easy, CURLOPT_CAINFO, bundle)
        }
        if let caFile { try set(easy, CURLOPT_CAINFO, caFile) }
        if let certificate {
            try set(easy, CURLOPT_SSLCERT, certificate)
            try set(easy, CURLOPT_SSLKEY, key ?? certificate)
        }
    }

    private func set(
        _ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ path: Path
    ) throws(TransportFailure) {
        guard path.withCString({ curl_set_string(easy, option, $0) }) == CURLE_OK else {
            throw .settings("libcurl does not take \(path.quoted)")
        }
    }

    /// The system's directory of certificates when OpenSSL can look them up in it by hash.
    private static let hashedDirectory: Path? = {
        guard getenv("SSL_CERT_FILE") == nil else { return nil }
        let directory = getenv("SSL_CERT_DIR").map { Path(String(cString: $0)) } ?? "/etc/ssl/certs"
        guard let stream = directory.withCString({ opendir($0) }) else { return nil }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                Array($0.prefix(while: { $0 != 0 }))
            }
            let digits = name.prefix(8).allSatisfy { isHexadecimalDigit($0) }
            if digits, name.count > 9, name[8] == UInt8(ascii: ".") { return directory }
        }
        return nil
    }()
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

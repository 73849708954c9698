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
    /// Where certificates are kept by host.
    var certificateDirectories: [Path]
    /// Loopback hosts are asked for through a proxy too.
    var proxiesLoopback: Bool

    init(_ options: RegistryOptions, environment: Environment) {
        certificateDirectories = environment.certificateDirectories
        proxiesLoopback = environment.namesNoExceptionFromProxies
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
        let own = HostCertificates(of: url.authority, in: certificateDirectories)
        try configureAuthorities(easy, beside: caFile ?? own.authority)
        if let certificate {
            try set(easy, CURLOPT_SSLCERT, certificate)
            try set(easy, CURLOPT_SSLKEY, key ?? certificate)
        } else if let pair = own.client {
            try set(easy, CURLOPT_SSLCERT, pair.certificate)
            try set(easy, CURLOPT_SSLKEY, pair.key)
        }
    }

    /// - Parameter file: what is trusted beside the system's authorities.
    private func configureAuthorities(
        _ easy: UnsafeMutableRawPointer, beside file: Path?
    ) throws(TransportFailure) {
        if let directory = TransportSettings.hashedDirectory {
            // Certificates are looked up one by one; the bundle file costs 20 ms to parse.
            try set(easy, CURLOPT_CAPATH, directory)
            curl_set_string(easy, CURLOPT_CAINFO, nil)
            if let file { try set(easy, CURLOPT_CAINFO, file) }
            return
        }
        guard let bundle = TransportSettings.bundle else {
            if let file { try set(easy, CURLOPT_CAINFO, file) }
            return
        }
        guard let file else { return try set(easy, CURLOPT_CAINFO, bundle) }
        let bytes = try certificates(bundle) + [0x0A] + certificates(file)
        let status = bytes.withUnsafeBytes {
            curl_set_bytes(easy, CURLOPT_CAINFO_BLOB, $0.baseAddress, $0.count)
        }
        if status != CURLE_OK { throw .settings("libcurl does not take \(file.quoted)") }
    }

    private func certificates(_ path: Path) throws(TransportFailure) -> [UInt8] {
        do {
            return try InputStream.readFile(path, limit: 16 << 20)
        } catch {
            throw .settings(error.message)
        }
    }

    private func set(
        _ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ path: Path
    ) throws(TransportFailure) {
        guard path.withCString({ curl_set_string(easy, option, $0) }) == CURLE_OK else {
            throw .settings("libcurl does not take \(path.quoted)")
        }
    }

    /// The file of the system's certificates, or of those that the user trusts instead.
    private static let bundle: Path? = {
        if let named = getenv("SSL_CERT_FILE") { return Path(String(cString: named)) }
        guard let name = curl_default_certificates(), access(name, R_OK) == 0 else { return nil }
        return Path(String(cString: name))
    }()

    /// The system's directory of certificates when OpenSSL can look them up in it by hash.
    private static let hashedDirectory: Path? = {
        guard getenv("SSL_CERT_FILE") == nil else { return nil }
        let directory = getenv("SSL_CERT_DIR").map { Path(String(cString: $0)) } ?? "/etc/ssl/certs"
        let isHashed = fileNames(in: directory).contains { name in
            name.count > 9 && name[8] == UInt8(ascii: ".")
                && name.prefix(8).allSatisfy { isHexadecimalDigit($0) }
        }
        return isHashed ? directory : nil
    }()
}

/// What is kept for one host beside the system's certificates.
///
/// - Spec: containers-certs.d(5): `*.crt` is an authority, `*.cert` and `*.key` are ours.
private struct HostCertificates {
    private(set) var authority: Path?
    private(set) var client: (certificate: Path, key: Path)?

    /// - Parameter authority: host and port.
    init(of authority: String, in directories: [Path]) {
        for directory in directories.map({ $0.appending(Path(authority)) }) {
            let names = fileNames(in: directory).sorted { $0.lexicographicallyPrecedes($1) }
            for name in names {
                let path = directory.appending(Path(name))
                if name.hasSuffix(".crt"), self.authority == nil { self.authority = path }
                if name.hasSuffix(".cert"), client == nil {
                    let key = Path(path.bytes.dropLast(".cert".utf8.count) + Array(".key".utf8))
                    client = (path, key)
                }
            }
        }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ suffix: String) -> Bool {
        suffix.utf8.elementsEqual(self.suffix(suffix.utf8.count))
    }
}

/// The names in a directory, in no order; none when it cannot be read.
private func fileNames(in directory: Path) -> [[UInt8]] {
    guard let stream = directory.withCString({ opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
        names.append(
            withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) })
    }
    return names
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

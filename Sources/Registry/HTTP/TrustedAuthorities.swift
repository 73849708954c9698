import ByteStream
import CCurl
import Glibc

/// The trusted certificate authorities: those of the system, or those that `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name instead.
///
/// - Spec: openssl-env(7), SSL_CERT_DIR, SSL_CERT_FILE.
final class TrustedAuthorities: Sendable {
    private let file: Path?
    private let directories: [Path]
    /// The authorities that the variables name; nil before they are read.
    private let named = Guarded<Named?>(nil)

    private struct Named {
        /// Directories in which OpenSSL looks up certificates by hash, as a list separated by
        /// colons.
        var hashedDirectories: Path?
        /// The other certificates, in PEM.
        var certificates: [UInt8]
    }

    private static let byteLimit = 16 << 20
    private static let beginning = Array("-----BEGIN ".utf8)

    /// An empty variable counts as not set.
    init(_ environment: Environment) {
        file = environment["SSL_CERT_FILE"]
        directories = environment.list("SSL_CERT_DIR")
    }

    /// - Parameter files: additional trusted files.
    /// - Throws: `TransportFailure.settings`; then nothing is trusted.
    func configure(
        _ easy: UnsafeMutableRawPointer, beside files: [Path]
    ) throws(TransportFailure) {
        if file != nil || !directories.isEmpty {
            let named = try readNamed()
            curl_set_string(easy, CURLOPT_CAPATH, nil)
            if let list = named.hashedDirectories { try setPath(easy, CURLOPT_CAPATH, list) }
            return try trust(easy, try named.certificates + certificates(of: files))
        }
        if let directory = TrustedAuthorities.systemDirectory {
            // Certificates are looked up one at a time, because parsing the bundle file takes 20
            // ms.
            try setPath(easy, CURLOPT_CAPATH, directory)
            curl_set_string(easy, CURLOPT_CAINFO, nil)
            if !files.isEmpty { try trust(easy, try certificates(of: files)) }
            return
        }
        let bundle = TrustedAuthorities.bundle.map { [$0] } ?? []
        try trust(easy, try certificates(of: bundle + files))
    }

    /// Trusts only these certificates (PEM), and no file.
    private func trust(
        _ easy: UnsafeMutableRawPointer, _ bytes: [UInt8]
    ) throws(TransportFailure) {
        curl_set_string(easy, CURLOPT_CAINFO, nil)
        if bytes.isEmpty { return }
        let status = bytes.withUnsafeBytes {
            curl_set_bytes(easy, CURLOPT_CAINFO_BLOB, $0.baseAddress, $0.count)
        }
        if status != CURLE_OK { throw .settings("libcurl does not take the certificates") }
    }

    private func certificates(of files: [Path]) throws(TransportFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        for file in files {
            let content: [UInt8]
            do {
                content = try InputStream.readFile(file, limit: TrustedAuthorities.byteLimit)
            } catch {
                throw .settings(error.message)
            }
            guard content.contains(TrustedAuthorities.beginning) else {
                throw .settings("no certificate (PEM) in \(file.quoted)")
            }
            bytes += content + [UInt8(ascii: "\n")]
        }
        return bytes
    }

    private func readNamed() throws(TransportFailure) -> Named {
        try named.withLock { (known) throws(TransportFailure) in
            if let known { return known }
            var found = Named(certificates: try certificates(of: file.map { [$0] } ?? []))
            let hashed = directories.filter(TrustedAuthorities.isHashed)
            if !hashed.isEmpty {
                found.hashedDirectories = Path(
                    hashed.map(\.bytes).joined(separator: [UInt8(ascii: ":")]))
            }
            for directory in directories where !hashed.contains(directory) {
                found.certificates += certificates(in: directory, found.certificates.count)
            }
            guard !hashed.isEmpty || !found.certificates.isEmpty else {
                let list = directories.map(\.quoted).joined(separator: ", ")
                throw .settings("no certificate (PEM) in \(list), which SSL_CERT_DIR names")
            }
            known = found
            return found
        }
    }

    /// All certificates in a directory, whatever the names of their files; a link to another file
    /// in it adds nothing. Like OpenSSL, this ignores other files and a missing directory.
    private func certificates(in directory: Path, _ present: Int) -> [UInt8] {
        guard let names = try? Directory.names(in: directory) else { return [] }
        var bytes: [UInt8] = []
        var seen: Set<FileIdentity> = []
        for path in names.sorted().map({ directory.appending($0) }) {
            guard let status = try? path.status(), status.st_mode & S_IFMT == S_IFREG,
                seen.insert(FileIdentity(status)).inserted,
                let content = try? InputStream.readFile(
                    path, limit: TrustedAuthorities.byteLimit),
                content.contains(Array("CERTIFICATE-----".utf8)),
                present + bytes.count + content.count <= TrustedAuthorities.byteLimit
            else { continue }
            bytes += content + [UInt8(ascii: "\n")]
        }
        return bytes
    }

    /// The paths of certificate bundles on different systems: libcurl's own first, which in a
    /// portable binary is that of another system.
    static let bundlePlaces: [Path] =
        [curl_default_certificates().map { Path(String(cString: $0)) }].compactMap { $0 } + [
            "/etc/ssl/certs/ca-certificates.crt",  // Debian, Arch, Alpine, Gentoo
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
            "/etc/pki/tls/certs/ca-bundle.crt",  // older ones
            "/etc/ssl/ca-bundle.pem",  // openSUSE
            "/etc/ssl/cert.pem",  // Alpine, Arch, BSDs
        ]

    /// The first of `places` that can be read.
    static func bundle(among places: [Path]) -> Path? {
        places.first { path in path.withCString { access($0, R_OK) } == 0 }
    }

    private static let bundle = bundle(among: bundlePlaces)

    /// The system's directory of certificates when OpenSSL can look them up in it.
    private static let systemDirectory: Path? = {
        let directory: Path = "/etc/ssl/certs"
        return isHashed(directory) ? directory : nil
    }()

    /// Whether a directory has names by which OpenSSL looks certificates up, as `openssl rehash`
    /// makes them.
    private static func isHashed(_ directory: Path) -> Bool {
        guard let names = try? Directory.names(in: directory) else { return false }
        return names.contains { path in
            let name = path.bytes
            return name.count > 9 && name[8] == UInt8(ascii: ".")
                && name.prefix(8).allSatisfy { isHexadecimalDigit($0) }
        }
    }
}

/// - Throws: `TransportFailure.settings`.
func setPath(
    _ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ path: Path
) throws(TransportFailure) {
    guard path.withCString({ curl_set_string(easy, option, $0) }) == CURLE_OK else {
        throw .settings("libcurl does not take \(path.quoted)")
    }
}

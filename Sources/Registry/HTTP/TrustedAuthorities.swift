import ByteStream
import CCurl
import Glibc

/// The authorities by whose certificates servers prove who they are: those of the system, or those
/// that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead of them.
///
/// - Spec: openssl-env(7), SSL_CERT_DIR, SSL_CERT_FILE.
final class TrustedAuthorities: Sendable {
    private let file: Path?
    private let directories: [Path]
    /// The authorities that the variables name, after they were read.
    private let named = Guarded<Named?>(nil)

    private struct Named {
        /// Directories in which OpenSSL looks certificates up by hash, as a list with colons.
        var hashedDirectories: Path?
        /// The other certificates, in PEM.
        var certificates: [UInt8]
    }

    private static let byteLimit = 16 << 20
    private static let beginning = Array("-----BEGIN ".utf8)

    /// A variable that is empty counts as not set.
    init(_ environment: Environment) {
        file = environment["SSL_CERT_FILE"]
        directories = environment.list("SSL_CERT_DIR")
    }

    /// - Parameter files: what is trusted beside them.
    /// - Throws: `TransportFailure.settings`; nothing else is trusted then.
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
            // Certificates are looked up one by one; the bundle file costs 20 ms to parse.
            try setPath(easy, CURLOPT_CAPATH, directory)
            curl_set_string(easy, CURLOPT_CAINFO, nil)
            if !files.isEmpty { try trust(easy, try certificates(of: files)) }
            return
        }
        let bundle = TrustedAuthorities.bundle.map { [$0] } ?? []
        try trust(easy, try certificates(of: bundle + files))
    }

    /// Trusts certificates in PEM, and no file.
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

    /// All certificates in a directory, whatever the names of their files; a link to another file of
    /// it adds nothing. Files that are no certificates, and a directory that is not there, are passed
    /// over, as OpenSSL does it.
    private func certificates(in directory: Path, _ present: Int) -> [UInt8] {
        guard let names = try? Directory.names(in: directory) else { return [] }
        var bytes: [UInt8] = []
        var seen: Set<FileIdentity> = []
        for path in sorted(names).map({ directory.appending($0) }) {
            var status = stat()
            guard path.withCString({ stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG,
                seen.insert(FileIdentity(device: status.st_dev, inode: status.st_ino)).inserted,
                let content = try? InputStream.readFile(
                    path, limit: TrustedAuthorities.byteLimit),
                content.contains(Array("CERTIFICATE-----".utf8)),
                present + bytes.count + content.count <= TrustedAuthorities.byteLimit
            else { continue }
            bytes += content + [UInt8(ascii: "\n")]
        }
        return bytes
    }

    private struct FileIdentity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// Where systems have the file of their certificates: libcurl's own place first, which for a binary
    /// that came from elsewhere is another system's.
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

/// By bytes, so that every run reads them in one order.
func sorted(_ names: [Path]) -> [Path] {
    names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
}

/// - Throws: `TransportFailure.settings`.
func setPath(
    _ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ path: Path
) throws(TransportFailure) {
    guard path.withCString({ curl_set_string(easy, option, $0) }) == CURLE_OK else {
        throw .settings("libcurl does not take \(path.quoted)")
    }
}

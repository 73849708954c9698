import ByteStream
import Glibc

/// Certificates for one host besides the system's, from all directories.
///
/// - Spec: containers-certs.d(5): `*.crt` is an authority, `*.cert` and `*.key` are the client's.
struct HostCertificates {
    private(set) var authorities: [Path] = []
    /// The client's first pair; libcurl can use only one certificate.
    private(set) var client: (certificate: Path, key: Path)?

    /// - Parameter authority: host and port.
    /// - Throws: `TransportFailure.settings` for a directory that cannot be read, and for a
    ///   certificate or key without the other.
    init(of authority: String, in directories: [Path]) throws(TransportFailure) {
        for directory in directories.map({ $0.appending(Path(authority)) }) {
            let names = try HostCertificates.names(in: directory)
            for name in names {
                let path = directory.appending(name)
                if name.hasSuffix(".crt") { authorities.append(path) }
                if name.hasSuffix(".cert") {
                    let key = try HostCertificates.partner(of: name, ".cert", ".key", in: names)
                    client = client ?? (path, directory.appending(key))
                }
                if name.hasSuffix(".key") {
                    _ = try HostCertificates.partner(of: name, ".key", ".cert", in: names)
                }
            }
        }
    }

    private static func names(in directory: Path) throws(TransportFailure) -> [Path] {
        do {
            return try Directory.names(in: directory).sorted()
        } catch .noEntry {
            return []
        } catch .notDirectory {
            return []
        } catch {
            throw .settings(StreamError.open(path: directory, error).message)
        }
    }

    private static func partner(
        of name: Path, _ suffix: String, _ other: String, in names: [Path]
    ) throws(TransportFailure) -> Path {
        let partner = Path(name.bytes.dropLast(suffix.utf8.count) + Array(other.utf8))
        guard names.contains(partner) else {
            throw .settings("\(name.quoted) has no \(partner.quoted) beside it")
        }
        return partner
    }
}

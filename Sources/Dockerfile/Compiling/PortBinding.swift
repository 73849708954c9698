import Glibc
import OCI

/// A value of EXPOSE: `[[ADDRESS:]HOSTPORT:]PORT[/PROTO]`. Address and port of the host are checked
/// and have no effect.
struct PortBinding {
    /// `PORT[/PROTO]`.
    let text: String
    let exposed: ExposedPorts

    /// - Throws: `ValueError`.
    init(_ binding: String) throws(ValueError) {
        let parts = binding.split(separator: ":", omittingEmptySubsequences: false)
        text = String(parts.last ?? "")
        exposed = try ExposedPorts(text)
        guard parts.count > 1 else { return }
        let hostPort = String(parts[parts.count - 2])
        if !hostPort.isEmpty {
            let host = try ExposedPorts(hostPort)
            guard exposed.ports.count == 1 || exposed.ports.count == host.ports.count else {
                throw ValueError("two ranges of different length")
            }
        }
        let address = parts.dropLast(2).joined(separator: ":")
        guard address.isEmpty || PortBinding.isAddress(address) else {
            throw ValueError("not an address and ports: '\(address)' is no IP address")
        }
    }

    /// Whether a text is an IPv4 address, or an IPv6 address with or without brackets.
    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let bare = isBracketed ? String(text.dropFirst().dropLast()) : text
        return inet_pton(AF_INET6, bare, &address) == 1 || inet_pton(AF_INET, bare, &address) == 1
    }
}

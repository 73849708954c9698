import JSON

/// The type of an attestation's predicate: a URI, for which cosign has short names.
///
/// - Spec: cosign, `attest --type`; in-toto attestation framework v1, field_types.md, TypeURI.
public struct PredicateType: Hashable, Sendable {
    public let uri: String

    /// The short names, in the order of help.
    public static let names = uris.map(\.name)

    private static let uris: [(name: String, uri: String)] = [
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", Provenance.predicateType),
        ("link", "https://in-toto.io/Link/v1"),
        ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ]

    /// - Parameter text: a short name, or a URI of any scheme.
    /// - Returns: nil for other text, so that a misspelt name does not become a type.
    public init?(_ text: String) {
        if let known = PredicateType.uris.first(where: { haveSameBytes($0.name, text) }) {
            uri = known.uri
            return
        }
        let scheme = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        guard scheme.count < text.utf8.count - 1, let first = scheme.first, first.isLetter,
            scheme.allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }),
            text.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 < 0x7F })
        else { return nil }
        uri = text
    }
}

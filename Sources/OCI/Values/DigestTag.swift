/// Tags that are made of a digest: of what belongs to a manifest without being its subject.
public enum DigestTag: String, CaseIterable, Sendable {
    case signature = ".sig"
    case attestation = ".att"
    case sbom = ".sbom"

    /// Whether a tag is of this kind, or the one by which a registry without a list of referrers has
    /// them: `sha256-HEX`, with one of the endings or without.
    ///
    /// - Spec: distribution-spec v1.1, Referrers Tag Schema; cosign, specs/SIGNATURE_SPEC.md.
    public static func matches(_ tag: String) -> Bool {
        let ending = allCases.first { tag.hasSuffix($0.rawValue) }
        let name = tag.dropLast(ending?.rawValue.utf8.count ?? 0)
        let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        // The schema cuts what is longer than a tag to 64 digits.
        return parts.count == 2 && Digest.Algorithm(rawValue: String(parts[0])) != nil
            && parts[1].utf8.count == 64
            && parts[1].utf8.allSatisfy {
                ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66)
            }
    }
}

extension Digest {
    /// The tag of what is attached to the manifest of this digest; nil where it would be too long for
    /// a tag.
    public func attachmentTag(_ kind: DigestTag) -> String? {
        algorithm == .sha256 ? "\(algorithm.rawValue)-\(encoded)\(kind.rawValue)" : nil
    }
}

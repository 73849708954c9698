import JSON

/// Tags that are named after a digest: cosign's signatures, attestations and SBOMs of a manifest.
public enum DigestTag: String, CaseIterable, Sendable {
    case signature = ".sig"
    case attestation = ".att"
    case sbom = ".sbom"

    /// Whether a tag is of this kind, or the referrers tag: `sha256-HEX`, with one of the endings
    /// or without.
    ///
    /// - Spec: distribution-spec v1.1, Referrers Tag Schema; cosign, specs/SIGNATURE_SPEC.md.
    public static func matches(_ tag: String) -> Bool {
        guard let parts = parts(of: tag) else { return false }
        // The schema truncates longer digests to 64 digits.
        return parts.encoded.utf8.count == 64
            && parts.encoded.utf8.allSatisfy(\.isSmallHexadecimal)
    }

    /// The digest in a tag; nil for another tag, or a truncated digest.
    public static func digest(of tag: String) -> Digest? {
        parts(of: tag).flatMap { Digest("\($0.algorithm.rawValue):\($0.encoded)") }
    }

    private static func parts(
        of tag: String
    ) -> (algorithm: Digest.Algorithm, encoded: Substring)? {
        let ending = allCases.first { tag.hasSuffix($0.rawValue) }
        let name = tag.dropLast(ending?.rawValue.utf8.count ?? 0)
        let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = Digest.Algorithm(rawValue: String(parts[0])) else {
            return nil
        }
        return (algorithm, parts[1])
    }
}

extension Digest {
    /// The tag of an attachment of the manifest with this digest; nil when it would be too long.
    public func attachmentTag(_ kind: DigestTag) -> String? {
        algorithm == .sha256 ? "\(algorithm.rawValue)-\(encoded)\(kind.rawValue)" : nil
    }
}

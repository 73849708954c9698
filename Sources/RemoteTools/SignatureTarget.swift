import ByteStream
import ImageStore
import OCI
import ToolSupport

/// A place where a signature is stored.
struct SignatureTarget {
    let place: Reference
    /// The repository that a signature of the older format names; nil for the current format.
    let identity: RegistryReference?

    /// The places of references, each once, in order.
    ///
    /// - Parameter option: the repository that signatures of the older format name; nil for that of
    ///   each reference.
    static func distinct(
        of references: [Reference], naming option: String?, isLegacy: Bool
    ) throws -> [SignatureTarget] {
        var targets: [SignatureTarget] = []
        for reference in references
        where !targets.contains(where: { $0.place == reference.place }) {
            let identity = try isLegacy ? SignatureIdentity.of(reference, option: option) : nil
            targets.append(SignatureTarget(place: reference.place, identity: identity))
        }
        return targets
    }
}

/// The repository that signatures of the older format name.
enum SignatureIdentity {
    /// - Throws: `UsageError` for a layout without the option, `ReferenceError`.
    static func of(_ reference: Reference, option: String?) throws -> RegistryReference {
        if let option { return try RegistryReference(option) }
        guard case .registry(let registry) = reference else {
            throw UsageError(
                "--identity is missing: \(quote(reference.description)) names no repository")
        }
        return registry
    }
}

import OCI
import Registry

extension ImageStore {
    /// What the registry of a reference says of itself; nil for a layout and for `scratch`.
    ///
    /// - Throws: `RegistryError`.
    public func examine(_ reference: Reference) throws -> RegistryExamination? {
        guard case .registry(let registry) = reference else { return nil }
        return try registryClient().examine(registry)
    }
}

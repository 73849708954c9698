import OCI
import Registry

extension ImageStore {
    /// Information about the registry of a reference; nil for a layout and for `scratch`.
    ///
    /// - Throws: `RegistryError`.
    public func examine(_ reference: Reference) throws -> RegistryExamination? {
        guard case .registry(let registry) = reference else { return nil }
        return try registryClient().examine(registry)
    }
}

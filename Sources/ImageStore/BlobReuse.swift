import OCI

extension ImageStore {
    /// Has a place take a blob that is stored already, without a byte of it from here.
    ///
    /// The place has it, or it is mounted or copied from one of `sources`. Only the place's own answer
    /// counts: what was known of it may have been deleted since.
    ///
    /// - Returns: false when neither the place nor a source has the blob; nothing is stored then.
    /// - Throws: what the places throw.
    public func adopt(
        _ descriptor: Descriptor, at target: Reference, from sources: [Reference]
    ) throws -> Bool {
        if try repository(for: target).blobSize(descriptor.digest) == descriptor.size {
            return true
        }
        if sources.isEmpty { return false }
        let blob = Inventory.Blob(
            descriptor: descriptor, bytes: nil, sources: sources, subject: "the blob")
        do {
            try transfer([blob], to: target)
            return true
        } catch StoreError.missing {
            return false
        }
    }
}

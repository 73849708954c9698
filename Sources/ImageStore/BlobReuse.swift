import OCI

extension ImageStore {
    /// Has every one of several places take a blob that is stored already, without a byte of it from
    /// here.
    ///
    /// A place has it, or it is mounted or copied from one of `sources` or from a place that has it.
    /// Only a place's own answer counts: what was known of it may have been deleted since.
    ///
    /// - Returns: false when neither a place nor a source has the blob; nothing is stored then.
    /// - Throws: what a place throws; `StoreError.notEverywhere` when several are asked and some fail.
    public func adopt(
        _ descriptor: Descriptor, at targets: [Reference], from sources: [Reference]
    ) throws -> Bool {
        let places = Reference.places(of: targets)
        let answers = try results(at: places) { place in
            try self.repository(for: place).blobSize(descriptor.digest) == descriptor.size
        }
        var holders = zip(places, answers).filter { $1 }.map(\.0)
        // One after the other: what the first got, the next of the same registry mounts.
        for place in zip(places, answers).filter({ !$1 }).map(\.0) {
            if holders.isEmpty && sources.isEmpty { return false }
            let blob = Inventory.Blob(
                descriptor: descriptor, bytes: nil, sources: holders + sources,
                subject: "the blob")
            guard try isTransferred(blob, to: place) else { return false }
            holders.append(place)
        }
        return true
    }

    /// - Returns: false when no source has the blob.
    private func isTransferred(_ blob: Inventory.Blob, to place: Reference) throws -> Bool {
        do {
            try transfer([blob], to: place)
            return true
        } catch StoreError.missing {
            return false
        }
    }

    /// What `body` says of each place, several at a time.
    ///
    /// - Throws: what the place throws when there is one, else `StoreError.notEverywhere`.
    private func results<Value: Sendable>(
        at places: [Reference], _ body: @escaping @Sendable (Reference) throws -> Value
    ) throws -> [Value] {
        if places.count == 1 { return [try body(places[0])] }
        let outcomes = try concurrently(places) { (place: Reference, _) in
            Result { try body(place) }
        }
        let failures = zip(places, outcomes).compactMap { place, outcome in
            if case .failure(let error) = outcome {
                PlaceFailure(place: place.description, error: error)
            } else {
                nil
            }
        }
        if !failures.isEmpty {
            throw StoreError.notEverywhere(failures, placeCount: places.count)
        }
        return try outcomes.map { try $0.get() }
    }
}

import OCI

extension ImageStore {
    /// Makes a stored blob available in several places, without sending its bytes from here.
    ///
    /// A place that lacks the blob gets it by a mount or a copy, from one of `sources` or from
    /// another place. Each place is asked, because the blob may have been deleted since it was
    /// recorded.
    ///
    /// - Returns: false when neither a place nor a source has the blob; nothing is stored then.
    /// - Throws: what a place throws; `StoreError.notEverywhere` when there are several and some
    ///   fail.
    public func adopt(
        _ descriptor: Descriptor, at targets: [Reference], from sources: [Reference]
    ) throws -> Bool {
        let places = Reference.places(of: targets)
        let answers = try results(at: places) { place in
            try self.repository(for: place).blobSize(descriptor.digest) == descriptor.size
        }
        var holders = zip(places, answers).filter { $1 }.map(\.0)
        // One after the other: the next place of the same registry mounts what the first got.
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

    /// The result of `body` for each place, several at a time.
    ///
    /// - Throws: for one place, what it throws; for several, `StoreError.notEverywhere`.
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

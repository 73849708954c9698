import OCI

/// Plan of one push, made by existence checks only.
public struct PushPlan: Sendable {
    /// How a place gets a missing blob.
    public enum Action: String, Sendable, CaseIterable {
        /// The place has it.
        case reuse
        /// Its registry mounts it from another repository; no byte is sent.
        case mount
        /// It is read from another place.
        case copy
        /// It is not stored anywhere yet.
        case send
    }

    /// What a push does with one blob or manifest.
    public struct Item: Sendable {
        public let action: Action
        public let digest: Digest
        /// Size in bytes.
        public let size: Int64
        /// As `Repository.name`.
        public let place: String
    }

    /// Blobs before manifests, place by place.
    public let items: [Item]

    /// The bytes of all items of an action.
    public func byteCount(_ action: Action) -> Int64 {
        items.lazy.filter { $0.action == action }.reduce(0) { $0 + $1.size }
    }
}

extension ImageStore {
    /// The plan of `push` with the same arguments.
    ///
    /// - Throws: what the places throw.
    public func plan(
        _ content: PushContent, to targets: [Reference], sources: [Reference] = []
    ) throws -> PushPlan {
        var items: [PushPlan.Item] = []
        var places: [Reference] = []
        for target in targets where !places.contains(target.place) {
            let repository = try repository(for: target)
            let inventory = try inventory(of: content, for: target, sources: places + sources)
            let filled = places
            items += try concurrently(inventory.blobs) { (blob: Inventory.Blob, _) in
                PushPlan.Item(
                    action: try self.action(for: blob, at: target, filled: filled),
                    digest: blob.descriptor.digest, size: blob.descriptor.size,
                    place: repository.name)
            }
            for manifest in inventory.manifests + [content.root] {
                let isThere = try repository.manifestDigest(.digest(manifest.digest)) != nil
                items.append(
                    PushPlan.Item(
                        action: isThere ? .reuse : .send, digest: manifest.digest,
                        size: Int64(manifest.bytes.count), place: repository.name))
            }
            places.append(target.place)
        }
        return PushPlan(items: items)
    }

    /// - Parameter filled: places that will have every blob at that point.
    private func action(
        for blob: Inventory.Blob, at target: Reference, filled: [Reference]
    ) throws -> PushPlan.Action {
        let digest = blob.descriptor.digest
        if try repository(for: target).hasBlob(digest) { return .reuse }
        if blob.bytes != nil { return .send }
        for source in blob.sources where source.place != target.place && source != .scratch {
            let isThere = try filled.contains(source) || repository(for: source).hasBlob(digest)
            if isThere { return neighbours(of: target, in: [source]).isEmpty ? .copy : .mount }
        }
        return .send
    }
}

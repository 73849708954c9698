import JSON
import OCI

extension ImageStore {
    /// Content to push for images of image lines.
    ///
    /// An image that was not changed since it was fetched is pushed with its stored bytes, so that
    /// its digest stays. So is an index when all its images are pushed. An image that replaces the
    /// image it was made from keeps the base of that image.
    ///
    /// - Parameters:
    ///   - images: at least one.
    ///   - targets: where they are pushed.
    /// - Throws: `StoreError`, and what the places throw.
    public func content(
        of images: [Image], asIndex: Bool, annotations: [KeyValue],
        targets: [Reference], sources: [Reference]
    ) throws -> PushContent {
        if annotations.isEmpty,
            let content = try unchanged(images, asIndex: asIndex, places: sources)
        {
            return content
        }
        let images = images.map { image in
            var image = image
            image.manifest.keepTrueBase(at: targets)
            return image
        }
        return try PushContent(images: images, asIndex: asIndex, annotations: annotations)
    }

    /// The stored bytes of the images; nil when they were changed, or are not stored in this form.
    private func unchanged(
        _ images: [Image], asIndex: Bool, places: [Reference]
    ) throws -> PushContent? {
        guard let source = images[0].manifest.source,
            images.allSatisfy({ $0.manifest.source == source })
        else { return nil }
        let digests = images.compactMap(\.storedDigest)
        guard digests.count == images.count else { return nil }
        let isIndex = asIndex || images.count > 1
        // Bytes that serialization reproduces need no request.
        if !isIndex, images[0].manifest[annotation: Annotation.compact] == nil { return nil }
        guard let digest = isIndex ? source.digest : digests[0],
            let stored = try stored(digest, in: places + [source])
        else { return nil }
        let (raw, place) = stored
        if isIndex {
            guard raw.mediaType.isIndex,
                try isComplete(images, raw, in: repository(for: place), source)
            else { return nil }
        }
        trace("unchanged: '\(digest)' is pushed as it is stored")
        return try PushContent(
            raw: raw.bytes, annotations: [], subject: "manifest '\(digest)'", source: source)
    }

    /// Whether the images are all images of an index, in its order.
    private func isComplete(
        _ images: [Image], _ index: RawManifest, in repository: any Repository,
        _ source: Reference
    ) throws -> Bool {
        let all = try entries(of: index, in: repository, source)
        let chosen = try choose(.all, from: all, in: repository, source)
        return chosen.map(\.entry) == images.map(\.manifest.entry)
    }

    private func stored(
        _ digest: Digest, in places: [Reference]
    ) throws -> (RawManifest, Reference)? {
        for place in places where place != .scratch {
            if let raw = try repository(for: place).manifest(.digest(digest)) {
                return (raw, place)
            }
        }
        return nil
    }
}

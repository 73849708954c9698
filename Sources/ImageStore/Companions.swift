import ByteStream
import Hashing
import JSON
import OCI

extension ImageStore {
    /// Copies what belongs to a manifest, an index or its images: artifacts about them and about
    /// those, and cosign's tags. Each is copied once.
    ///
    /// What is about something may be there before it. So a tag that is moved after this stands for an
    /// image that has its signatures.
    ///
    /// - Parameters:
    ///   - root: what is copied; it must be at `source`.
    ///   - targets: where to; tags and digests of them do not matter.
    /// - Throws: `StoreError`, and what the places throw.
    public func copyCompanions(
        of root: RawManifest, from source: Reference, to targets: [Reference]
    ) throws {
        var places: [Reference] = []
        for target in targets where target.place != source.place {
            if !places.contains(target.place) { places.append(target.place) }
        }
        if places.isEmpty { return }
        let repository = try repository(for: source)
        let digests = [root.digest] + (try parts(of: root, in: repository).map(\.digest))
        for referrer in try referrersRecursively(
            of: source.at(root.digest), artifactType: nil)
        {
            guard let raw = try repository.manifest(.digest(referrer.digest)) else {
                warn(
                    "no referrer '\(referrer.digest)' in \(quote(repository.name)), which lists it")
                continue
            }
            trace("copying '\(raw.digest)', \(quote(referrer.mediaType.rawValue))")
            _ = try push(content(raw), to: places, sources: [source])
        }
        for digest in digests {
            for kind in DigestTag.allCases {
                guard let tag = digest.attachmentTag(kind),
                    let raw = try repository.manifest(.tag(tag))
                else { continue }
                trace("copying the tag '\(tag)'")
                for place in places { try copy(raw, tag: tag, from: source, to: place) }
            }
        }
    }

    private func content(_ raw: RawManifest) throws -> PushContent {
        try PushContent(raw: raw.bytes, annotations: [], subject: "manifest '\(raw.digest)'")
    }

    /// Copies a list of cosign's; what the target's own has more is kept.
    private func copy(
        _ raw: RawManifest, tag: String, from source: Reference, to place: Reference
    ) throws {
        let repository = try repository(for: place)
        let present = try repository.manifestDigest(.tag(tag))
        if present == raw.digest { return }
        guard present != nil else {
            _ = try push(
                content(raw), to: [place.selecting(tag: tag, digest: nil)], sources: [source])
            return
        }
        _ = try push(content(raw), to: [place], sources: [source])
        let layers = try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try raw.manifest().layers
        }
        try add(layers, toTag: tag, of: repository)
    }
}

import ByteStream
import Hashing
import JSON
import OCI

/// What belongs to an image without being named by it.
public struct Companion: Sendable {
    public let manifest: RawManifest
    /// The tag of cosign's by which it is found; nil for an artifact, which names its subject.
    public let tag: String?

    public init(manifest: RawManifest, tag: String?) {
        self.manifest = manifest
        self.tag = tag
    }
}

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
        try visitCompanions(of: root, at: source) { companion in
            let raw = companion.manifest
            if let tag = companion.tag {
                trace("copying the tag '\(tag)'")
                for place in places { try copy(raw, tag: tag, from: source, to: place) }
            } else {
                trace("copying '\(raw.digest)', \(quote(raw.mediaType.rawValue))")
                _ = try push(content(raw), to: places, sources: [source])
            }
        }
    }

    /// Calls `visit` with each companion of a manifest, an index or its images: artifacts before
    /// those about them, then cosign's tags.
    func visitCompanions(
        of root: RawManifest, at source: Reference, _ visit: (Companion) throws -> Void
    ) throws {
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
            try visit(Companion(manifest: raw, tag: nil))
        }
        for digest in digests {
            for kind in DigestTag.allCases {
                guard let tag = digest.attachmentTag(kind),
                    let raw = try repository.manifest(.tag(tag))
                else { continue }
                try visit(Companion(manifest: raw, tag: tag))
            }
        }
    }

    /// Stores a companion whose blobs are there: an artifact as a referrer, a list of cosign's under
    /// its tag; what the list that is there has more is kept.
    public func publish(_ companion: Companion, in repository: any Repository) throws {
        let present = try companion.tag.flatMap { try repository.manifestDigest(.tag($0)) }
        guard let tag = companion.tag, present != nil else {
            return try publish(companion.manifest, tag: companion.tag, in: repository)
        }
        if present != companion.manifest.digest {
            try add(layers(of: companion.manifest), toTag: tag, of: repository)
        }
    }

    /// Stores a manifest whose blobs are there, listed as a referrer when it is about another.
    public func publish(_ raw: RawManifest, tag: String?, in repository: any Repository) throws {
        let listed = try repository.publish(raw, tag: tag, check: nil)
        if listed == nil { try listReferrer(raw, in: repository) }
    }

    private func layers(of raw: RawManifest) throws -> [Descriptor] {
        try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try raw.manifest().layers
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
        try add(layers(of: raw), toTag: tag, of: repository)
    }
}

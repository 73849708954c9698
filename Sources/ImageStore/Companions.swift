import ByteStream
import Hashing
import JSON
import OCI

/// A manifest that belongs to an image but that the image does not name: a referrer, or a tag by
/// cosign.
public struct Companion: Sendable {
    public let manifest: RawManifest
    /// The tag in cosign's scheme; nil for an artifact, which names its subject.
    public let tag: String?

    public init(manifest: RawManifest, tag: String?) {
        self.manifest = manifest
        self.tag = tag
    }
}

extension ImageStore {
    /// Copies the companions of a manifest, an index or its images: their referrers, the referrers
    /// of those, and cosign's tags. Each is copied once.
    ///
    /// A referrer may be stored before its subject. So a tag that is moved afterwards names an
    /// image with its signatures.
    ///
    /// - Parameters:
    ///   - root: the manifest or index; it must be at `source`.
    ///   - targets: the destinations; their tags and digests are ignored.
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
    /// their own referrers, then cosign's tags.
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

    /// Stores a companion whose blobs are stored: an artifact as a referrer, a list of cosign under
    /// its tag. Entries that only the existing list has are kept.
    public func publish(_ companion: Companion, in repository: any Repository) throws {
        let present = try companion.tag.flatMap { try repository.manifestDigest(.tag($0)) }
        guard let tag = companion.tag, present != nil else {
            return try publish(companion.manifest, tag: companion.tag, in: repository)
        }
        if present != companion.manifest.digest {
            try add(layers(of: companion.manifest), toTag: tag, of: repository)
        }
    }

    /// Stores a manifest whose blobs are stored, and lists it as a referrer when it has a subject.
    public func publish(_ raw: RawManifest, tag: String?, in repository: any Repository) throws {
        try publish([Publication(raw, tag: tag)], in: repository)
    }

    /// The same for several manifests or names.
    public func publish(
        _ publications: [Publication], in repository: any Repository
    ) throws {
        let subjects = try repository.publish(publications)
        var listed: Set<Digest> = []
        for (subject, manifest) in zip(subjects, publications.map(\.manifest))
        where listed.insert(manifest.digest).inserted && subject == nil {
            try listReferrer(manifest, in: repository)
        }
    }

    private func layers(of raw: RawManifest) throws -> [Descriptor] {
        try raw.parsedManifest().layers
    }

    private func content(_ raw: RawManifest) throws -> PushContent {
        try PushContent(raw: raw.bytes, annotations: [], subject: "manifest '\(raw.digest)'")
    }

    /// Copies a list of cosign; entries that only the target's list has are kept.
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

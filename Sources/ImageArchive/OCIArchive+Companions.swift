import ImageStore
import JSON
import OCI

extension OCIArchive {
    /// The entries of `index.json`: images, and companions of manifests in the archive.
    ///
    /// A companion names its subject, or has a tag with the subject's digest. When the archive does
    /// not have the subject, it counts as an image.
    func entries(
        of index: [UInt8]
    ) throws -> (images: [Descriptor], companions: [ArchivedCompanion]) {
        let entries = try parsing("index.json") { () throws(JSONError) in
            try Index(JSONField(JSON.parse(index)), mediaType: .index).manifests
        }
        var images: [Descriptor] = []
        var companions: [ArchivedCompanion] = []
        for entry in entries {
            guard let found = try self.companions(entry) else {
                images.append(entry)
                continue
            }
            for companion in found
            where !companions.contains(where: {
                $0.image.root.digest == companion.image.root.digest && $0.tag == companion.tag
            }) {
                companions.append(companion)
            }
        }
        return (images, companions)
    }

    /// The companions of an entry: itself, or those of a list of referrers; nil for an image.
    private func companions(_ entry: Descriptor) throws -> [ArchivedCompanion]? {
        guard entry.mediaType.isManifest || entry.mediaType.isIndex, isPresent(entry.digest) else {
            return nil
        }
        let raw = try manifest(entry)
        if let subject = try subject(of: raw), isPresent(subject) {
            return [companion(raw, of: subject, tag: nil)]
        }
        guard let tag = entry[annotation: Annotation.refName],
            let subject = DigestTag.digest(of: tag),
            isPresent(subject)
        else { return nil }
        guard tag == subject.referrersTag else { return [companion(raw, of: subject, tag: tag)] }
        let listed = try parsing("index '\(raw.digest)'") { () throws(JSONError) in
            try raw.index().manifests
        }
        return try listed.filter { isPresent($0.digest) }.map {
            companion(try manifest($0), of: subject, tag: nil)
        }
    }

    private func subject(of raw: RawManifest) throws -> Digest? {
        try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try raw.subject()?.digest
        }
    }

    private func companion(
        _ raw: RawManifest, of subject: Digest, tag: String?
    ) -> ArchivedCompanion {
        var stored = StoredContent()
        let image = ArchivedImage(root: raw, names: []) {
            try store(raw, depth: 0, &stored)
            return [raw.digest] + stored.takeManifests()
        }
        return ArchivedCompanion(image: image, subject: subject, tag: tag)
    }
}

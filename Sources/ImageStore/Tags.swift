import ByteStream
import Hashing
import JSON
import OCI

/// A tag with the descriptor and creation time of its manifest.
public struct TagEntry: Sendable {
    public let tag: String
    /// Descriptor of the manifest or index; nil when it was removed meanwhile.
    public let descriptor: Descriptor?
    /// The creation time that the image states.
    public let created: String?

    /// One line of JSON, without its newline; unknown values are left out.
    public var line: String {
        var object = JSONObject()
        object["tag"] = .string(tag)
        if let descriptor {
            object["digest"] = .string(descriptor.digest.description)
            object["mediaType"] = .string(descriptor.mediaType.rawValue)
            object["size"] = .integer(descriptor.size)
        }
        if let created { object["created"] = .string(created) }
        return String(decoding: object.serialized(), as: UTF8.self)
    }
}

extension ImageStore {
    /// The tags of the place that a reference names.
    ///
    /// - Parameter excludingDigestTags: leaves out tags named after a digest (`DigestTag`).
    public func tags(of reference: Reference, excludingDigestTags: Bool = false) throws -> [String]
    {
        let tags = try repository(for: reference).tags()
        return excludingDigestTags ? tags.filter { !DigestTag.matches($0) } : tags
    }

    /// Descriptors and times of tags, in order. Two or three requests for each.
    ///
    /// - Throws: what the place throws; a tag that was removed meanwhile is not an error.
    public func listing(of tags: [String], in reference: Reference) throws -> [TagEntry] {
        let repository = try repository(for: reference)
        return try concurrently(tags) { (tag: String, cancellation) in
            try cancellation.check()
            guard let raw = try repository.manifest(.tag(tag)) else {
                return TagEntry(tag: tag, descriptor: nil, created: nil)
            }
            return TagEntry(
                tag: tag, descriptor: raw.descriptor,
                created: try self.timeOfCreation(raw, in: repository))
        }
    }

    /// The creation time in a manifest, its config, or the first image of an index; nil when none
    /// can be read.
    private func timeOfCreation(
        _ raw: RawManifest, in repository: any Repository
    ) throws -> String? {
        if raw.mediaType.isIndex {
            guard let index = try? raw.index() else { return nil }
            if let time = index[annotation: Annotation.created] { return time }
            guard
                let first = index.manifests.first(where: {
                    $0.mediaType.isManifest && !$0.isNoImage
                }),
                let image = try repository.manifest(.digest(first.digest))
            else { return nil }
            return try timeOfCreation(image, in: repository)
        }
        guard let manifest = try? raw.manifest() else { return nil }
        if let time = manifest[annotation: Annotation.created] { return time }
        guard manifest.config.mediaType.isImageConfig,
            try repository.hasBlob(manifest.config.digest)
        else { return nil }
        let bytes = try configBytes(
            of: manifest, in: repository, subject: "config of '\(raw.digest)'")
        guard case .object(let config)? = try? JSON.parse(bytes),
            case .string(let time)? = config["created"]
        else { return nil }
        return time.text
    }

    /// The digest of a reference; without a platform it takes a HEAD request. For the platforms that
    /// a layout lists one by one, it is that of the index that `rawManifest` makes of them.
    ///
    /// - Parameter platform: nil or `.all` means the manifest or index itself.
    /// - Throws: `StoreError.noSuchManifest`, and what the place throws.
    public func digest(of reference: Reference, platform: PlatformChoice?) throws -> Digest {
        let repository = try repository(for: reference)
        if let platform, platform != .all {
            let root = try root(of: reference).raw
            guard root.mediaType.isIndex else { return root.digest }
            let entries = try entries(of: root, in: repository, reference)
            let chosen = try choose(platform, from: entries, in: repository, reference)
            guard chosen.count == 1 else {
                return .of(try rawManifest(of: reference, platform: platform))
            }
            return chosen[0].raw.digest
        }
        if let index = try platformIndex(of: reference) { return index.digest }
        let selector =
            reference.digest.map { ManifestSelector.digest($0) }
            ?? reference.tag.map { ManifestSelector.tag($0) }
        // The only image of a layout may have no name.
        guard let selector else { return try manifest(of: reference).digest }
        guard let digest = try repository.manifestDigest(selector) else {
            if let error = openError(of: reference) { throw error }
            throw StoreError.noSuchManifest(reference, tags: [])
        }
        return digest
    }
}

import ByteStream
import Hashing
import JSON
import OCI

/// A tag, and what could be found out of what it stands for.
public struct TagEntry: Sendable {
    public let tag: String
    /// Descriptor of the manifest or index; nil when it is gone meanwhile.
    public let descriptor: Descriptor?
    /// When the image was made, as it says itself.
    public let created: String?

    /// As one line of JSON, without its newline; what is not known is left out.
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
    /// - Parameter excludingDigestTags: leaves out those that belong to a digest (`DigestTag`).
    public func tags(of reference: Reference, excludingDigestTags: Bool = false) throws -> [String]
    {
        let tags = try repository(for: reference).tags()
        return excludingDigestTags ? tags.filter { !DigestTag.matches($0) } : tags
    }

    /// Descriptors and times of tags, in order. Two or three requests for each.
    ///
    /// - Throws: what the place throws; a tag that is gone meanwhile is no error.
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

    /// What a manifest says of its time, or its config, or the first image of an index; nil when none
    /// of them can be read.
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

    /// The digest that a reference stands for; without a platform it is asked for by HEAD.
    ///
    /// - Parameter platform: nil, or `.all`, is the manifest or index itself.
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
        let selector =
            reference.digest.map { ManifestSelector.digest($0) }
            ?? reference.tag.map { ManifestSelector.tag($0) }
        // A layout's one image has no name to ask for.
        guard let selector else { return try manifest(of: reference).digest }
        guard let digest = try repository.manifestDigest(selector) else {
            throw StoreError.noSuchManifest(reference, tags: [])
        }
        return digest
    }
}

import Hashing
import JSON
import OCI

/// The old and the new base of images that are rebased.
public struct BaseChange: Sendable {
    public let old: Reference
    public let new: Reference
    /// Whether the user gave the base a name that the image does not record.
    private let isRenamed: Bool

    private static let annotations = JSONPath.root.key("annotations")

    /// - Parameters:
    ///   - base: the old base; nil means the base in the image's annotations.
    ///   - onto: the new base; nil means the image that the tag of the old base has now.
    /// - Throws: `EditError` when the annotations do not name the old base.
    public init(
        of image: Image, from base: Reference?, to onto: Reference?
    ) throws(EditError) {
        let recorded = try BaseChange.recorded(image.manifest)
        if let base {
            old = base
        } else {
            guard let recorded, let digest = recorded.digest else {
                throw EditError(
                    BaseChange.annotations.key(Annotation.baseDigest),
                    "not there, or without \(Annotation.baseName.text); "
                        + "say with --base what the image stands on")
            }
            old = recorded.withDigest(digest)
        }
        let current = recorded?.withDigest(nil) ?? base?.withDigest(nil)
        isRenamed = onto != nil && onto?.baseName != recorded?.baseName
        guard let new = onto ?? current, onto != nil || new.tag != nil else {
            throw EditError(
                BaseChange.annotations.key(Annotation.baseName),
                "no tag of a base; say with --onto what the new base is")
        }
        self.new = new
    }

    /// The base that the annotations name; nil when they name none.
    private static func recorded(_ manifest: Manifest) throws(EditError) -> Reference? {
        guard let name = manifest[annotation: Annotation.baseName] else { return nil }
        let digest = manifest[annotation: Annotation.baseDigest]
        do throws(ReferenceError) {
            let reference = try Reference(name)
            return digest.flatMap { Digest($0) }.map { reference.withDigest($0) } ?? reference
        } catch {
            throw EditError(annotations.key(Annotation.baseName), "not a reference")
        }
    }

    /// Moves the image to the new base's image of its platform.
    ///
    /// An image whose base did not change stays as it is, and so does an image that is recorded as
    /// its own base.
    /// - Returns: false when at most the name of the base changed.
    /// - Throws: `EditError` when the image does not begin with the layers of the old base; what
    ///   fetching throws.
    public func apply(to image: inout Image, _ store: ImageStore) throws -> Bool {
        let original = try image.config()
        let platform = try image.manifest.entry?.platform ?? original.platform()
        let oldBase = try self.image(old, platform, store)
        let newBase = try self.image(new, platform, store)
        if let digest = image.storedDigest, digest == newBase.manifest.recordedDigest {
            return false
        }
        var manifest = image.manifest
        var config = original
        try Rebase(from: oldBase, to: newBase).apply(to: &manifest, config: &config)
        guard oldBase.manifest.recordedDigest != newBase.manifest.recordedDigest else {
            if isRenamed { image.manifest[annotation: Annotation.baseName] = new.baseName }
            return false
        }
        manifest.standOn(new, digest: newBase.manifest.recordedDigest)
        image.manifest = manifest
        if config != original { image.setConfig(config) }
        return true
    }

    private func image(
        _ reference: Reference, _ platform: Platform, _ store: ImageStore
    ) throws -> Image {
        let images = try store.images(of: reference, platform: .one(platform))
        guard let image = images.first else { throw StoreError.noImage(reference) }
        return image
    }
}

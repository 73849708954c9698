import ByteStream
import OCI

/// The name of an image in an archive.
package struct ArchivedName {
    package let text: String

    /// The tag for the target; nil for a name without one.
    var tag: String? {
        // Without a colon it is only a tag, as in layouts.
        text.contains(":") || text.contains("/") ? reference(text)?.tag : text
    }

    /// Whether it equals a name by the user, with or without Docker's defaults.
    func isNamed(_ name: String) -> Bool {
        if text == name { return true }
        guard let mine = reference(text), let other = reference(name) else { return false }
        return mine == other
    }

    private func reference(_ text: String) -> RegistryReference? {
        do {
            return try RegistryReference(text)
        } catch {
            return nil
        }
    }
}

/// An image of an archive, ready to be stored.
package struct ArchivedImage {
    package let root: RawManifest
    package let names: [ArchivedName]
    /// Stores everything that `root` refers to, and returns the digests of its manifests, including
    /// itself.
    package let store: () throws -> [Digest]
}

/// A companion of an image of an archive, or of another companion.
struct ArchivedCompanion {
    let image: ArchivedImage
    /// The manifest that it belongs to.
    let subject: Digest
    /// The tag in cosign's scheme.
    let tag: String?
}

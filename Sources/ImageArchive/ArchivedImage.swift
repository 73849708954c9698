import ByteStream
import OCI

/// What an archive calls an image.
package struct ArchivedName {
    package let text: String

    /// What can be a tag at the target; nil for a name without one.
    var tag: String? {
        // Without a colon it is but a tag, as layouts have it.
        text.contains(":") || text.contains("/") ? reference(text)?.tag : text
    }

    /// Whether it is the name that a user gave, with or without Docker's defaults.
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
    /// Stores what `root` refers to, and says which manifests those are, itself among them.
    package let store: () throws -> [Digest]
}

/// What belongs to an image of an archive, or to another companion.
struct ArchivedCompanion {
    let image: ArchivedImage
    /// The manifest that it is about.
    let subject: Digest
    /// The tag of cosign's by which it is found.
    let tag: String?
}

import ByteStream
import Hashing
import ImageStore
import JSON
import OCI

/// Loads the images of an archive in Docker's or OCI's format into a place, in one pass.
///
/// Layers are sent to the target as they arrive, under the digest in their path or a computed one;
/// only documents are kept in memory. Manifests and names are stored after the whole archive was
/// read, so that a truncated archive changes no name.
///
/// - Spec: image-spec v1.1.1, image-layout.md; Docker's image specification v1.2,
///   "Combined Image JSON + Filesystem Changeset Format".
public struct ArchiveLoader {
    private let imageStore: ImageStore
    private let target: any Repository
    private let targetTag: String?
    private let imageName: String?
    private let platforms: [Platform]
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - tag: the tag for the only image; nil keeps the tags of the archive.
    ///   - imageName: the name in the archive of the image to load; nil loads all.
    public init(
        to target: any Repository, of imageStore: ImageStore, tag: String?, imageName: String?,
        platforms: [Platform] = [],
        warn: @escaping (String) -> Void
    ) {
        self.target = target
        self.imageStore = imageStore
        targetTag = tag
        self.imageName = imageName
        self.platforms = platforms
        self.warn = warn
    }

    /// - Returns: the descriptor of each image, in the order of the archive.
    /// - Throws: `ArchiveError`, `LayerError`, `VerificationError`, and what the target throws.
    public func load(_ input: InputStream) throws -> [Descriptor] {
        let contents = try ArchiveContents(input, to: target)
        let images: [ArchivedImage]
        var companions: [ArchivedCompanion] = []
        let index = try contents.document(Array("index.json".utf8)).map {
            let archive = OCIArchive(contents, target, platforms, warn: warn)
            let entries = try archive.entries(of: $0)
            companions = entries.companions
            return try archive.images(of: entries.images)
        }
        if let index, !index.isEmpty {
            images = index
        } else if let manifest = contents.document(Array("manifest.json".utf8)) {
            // Docker writes an empty index for an image that was saved by its ID.
            images = try DockerArchive(contents, target).images(of: manifest, platforms)
        } else if let index {
            images = index
        } else if contents.hasObsoleteImages {
            throw ArchiveError.obsolete(path: input.path)
        } else {
            throw ArchiveError.notAnArchive(path: input.path)
        }
        let chosen = try choose(images)
        var digests: Set<Digest> = []
        for image in chosen { digests.formUnion(try image.store()) }
        try publish(companions, of: digests)
        try imageStore.publish(chosen.flatMap(names), in: target)
        return chosen.map(\.root.descriptor)
    }

    /// Stores the companions of stored images, and the companions of those.
    ///
    /// They are stored before the names, so that a name always leads to an image with its
    /// signatures.
    private func publish(_ companions: [ArchivedCompanion], of digests: Set<Digest>) throws {
        var digests = digests
        var rest = companions
        while let index = rest.firstIndex(where: { digests.contains($0.subject) }) {
            let companion = rest.remove(at: index)
            digests.formUnion(try companion.image.store())
            try imageStore.publish(
                Companion(manifest: companion.image.root, tag: companion.tag), in: target)
        }
    }

    private func choose(_ images: [ArchivedImage]) throws(ArchiveError) -> [ArchivedImage] {
        let names = images.flatMap(\.names)
        var chosen = images
        if let imageName {
            chosen = images.filter { $0.names.contains { $0.isNamed(imageName) } }
        }
        guard !chosen.isEmpty else {
            throw .noSuchImage(name: imageName, names: names.map(\.text))
        }
        if chosen.count > 1 {
            let tags = chosen.flatMap { Set($0.names.compactMap(\.tag)) }
            guard targetTag == nil, Set(tags).count == tags.count else {
                throw .ambiguous(names: names.map(\.text))
            }
        }
        return chosen
    }

    /// The root of an image with each tag that it gets.
    private func names(of image: ArchivedImage) -> [Publication] {
        var tags: [String?] = Set(image.names.compactMap(\.tag)).sorted()
        if let targetTag { tags = [targetTag] }
        if tags.isEmpty {
            warn("no tag for '\(image.root.digest)'")
            tags = [nil]
        }
        return tags.map { Publication(image.root, tag: $0) }
    }
}

func parsing<Result>(
    _ document: String, _ body: () throws(JSONError) -> Result
) throws(ArchiveError) -> Result {
    do {
        return try body()
    } catch {
        throw .malformed(document: document, error)
    }
}

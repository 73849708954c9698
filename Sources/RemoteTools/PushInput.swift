import ByteStream
import ImageStore
import JSON
import OCI
import ToolSupport

/// What `oci-push-manifest` reads: image lines, or the bytes of one manifest or index.
enum PushInput {
    case images([Image], sets: [LineSet])
    case raw([UInt8], subject: String)

    /// - Parameter isRaw: whether it is a stored manifest or index, whatever it holds.
    /// - Throws: `InputError`, `StreamError.read`.
    init(_ input: InputStream, isRaw: Bool) throws {
        let bytes = try ImageLines.readAll(from: input)
        if isRaw {
            self = .raw(bytes, subject: "manifest on \(input.path.quoted)")
            return
        }
        let document = PushInput.document(bytes)
        if let document, !PushInput.isImage(document) {
            self = .raw(bytes, subject: "manifest on \(input.path.quoted)")
            return
        }
        if document != nil, bytes.dropLast().contains(UInt8(ascii: "\n")) {
            throw InputError.refused(
                "the image on \(input.path.quoted) is spread over several lines; "
                    + "'jq -c' writes it as one")
        }
        var images = try ImageLines.read(bytes, path: input.path)
        let sets = ImageLines.sets(of: images)
        try ImageLines.checkPositions(&images)
        self = .images(images, sets: sets)
    }

    /// What is pushed for the input.
    ///
    /// - Throws: `UsageError` for what makes no sense, and what `ImageStore.content` throws.
    func content(
        _ store: ImageStore, asIndex: Bool, annotations: [KeyValue],
        targets: [Reference], sources: [Reference]
    ) throws -> PushContent {
        switch self {
        case .images(let images, _):
            return try store.content(
                of: images, asIndex: asIndex, annotations: annotations, targets: targets,
                sources: sources)
        case .raw(let bytes, let subject):
            if asIndex { throw UsageError("--index takes image lines, not a manifest's bytes") }
            return try PushContent(raw: bytes, annotations: annotations, subject: subject)
        }
    }

    /// What is saved for the input: each image on its own. Lines that count themselves are one image for
    /// several platforms, and so are others that follow each other, as long as their platforms differ.
    ///
    /// - Throws: what `ImageStore.content` throws.
    func contents(_ store: ImageStore, sources: [Reference]) throws -> [PushContent] {
        guard case .images(_, let sets) = self else {
            return [
                try content(
                    store, asIndex: false, annotations: [], targets: [], sources: sources)
            ]
        }
        return try sets.flatMap { set in
            let groups = set.isCounted ? [set.images] : try PushContent.groups(of: set.images)
            return try groups.map { images in
                try store.content(
                    of: images, asIndex: false, annotations: [], targets: [], sources: sources)
            }
        }
    }

    /// All of the input as one document; nil when it is not, as several lines are not.
    private static func document(_ bytes: [UInt8]) -> JSONField? {
        do {
            return JSONField(try JSON.parse(bytes))
        } catch {
            return nil
        }
    }

    /// Whether a document is an image line, with its config in it.
    private static func isImage(_ field: JSONField) -> Bool {
        guard case .object(let document) = field.value,
            case .object(let config) = document["config"]
        else { return false }
        return config["data"] != nil
    }
}

extension NamedReference {
    /// Where `content` is put. An artifact is found by its digest or through its subject: it does
    /// not take a tag that was not asked for.
    func target(for content: PushContent) -> Reference {
        guard !hasTag, content.isArtifact, case .registry(let registry) = reference else {
            return reference
        }
        return .registry(
            RegistryReference(
                host: registry.host, repository: registry.repository, tag: nil,
                digest: registry.digest))
    }
}

import ByteStream
import ImageStore
import JSON
import OCI
import ToolSupport

/// Input of `oci-push-manifest`: image lines, or the bytes of one manifest or index.
enum PushInput {
    case images([Image], sets: [LineSet])
    case raw([UInt8], subject: String)

    /// - Parameter isRaw: whether it is a stored manifest or index, even one with `config.data`.
    /// - Throws: `InputError`, `StreamError.read`.
    init(_ input: InputStream, isRaw: Bool) throws {
        let bytes = try ImageLines.readAll(from: input)
        let document = isRaw ? nil : PushInput.document(bytes)
        if isRaw || document.map({ !PushInput.isImage($0) }) == true {
            try InputKind.check(bytes, input.path, expecting: .manifest)
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

    /// The content to push for the input.
    ///
    /// - Throws: `UsageError` for options that do not fit the input, and what `ImageStore.content`
    ///   throws.
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

    /// The content to save for the input, image by image. Numbered lines are one image for several
    /// platforms, and so are consecutive other lines with different platforms.
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

    /// The whole input as one document; nil when it is not one, for example several lines.
    private static func document(_ bytes: [UInt8]) -> JSONField? {
        do {
            return JSONField(try JSON.parse(bytes))
        } catch {
            return nil
        }
    }

    /// Whether a document is an image line, with an embedded config.
    private static func isImage(_ field: JSONField) -> Bool {
        guard let document = field.value.object,
            let config = document["config"]?.object
        else { return false }
        return config["data"] != nil
    }
}

extension NamedReference {
    /// The target of `content`. An artifact is found by its digest or through its subject, so it
    /// gets a tag only when one was written.
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

import ByteStream
import JSON
import OCI

/// Whether the recorded base of an image is still what the base's tag names.
public struct BaseStatus: Sendable {
    /// The answer as it is printed.
    public enum Answer: String, Sendable {
        case current
        /// The tag of the base has another digest, or is gone.
        case stale
        /// The image does not record its base.
        case unknown
    }

    public let answer: Answer
    /// Name of the image.
    public let image: String
    public let base: String?
    public let recorded: Digest?
    /// Digest that the base's tag points to; nil when it is gone.
    public let now: Digest?

    /// Status, image, base, recorded digest and current digest, separated by tabs; `-` for unknown
    /// values.
    public var line: String {
        [
            answer.rawValue, escaped(image), base.map { escaped($0) } ?? "-",
            recorded?.description ?? "-",
            now?.description ?? "-",
        ].joined(separator: "\t")
    }
}

/// The name of an image, and the base in its annotations.
public struct BaseRecord: Sendable {
    fileprivate let image: String
    fileprivate let base: Reference?
    fileprivate let digest: Digest?

    /// - Parameters:
    ///   - image: its name in messages and lines.
    ///   - document: a manifest or index.
    public init(image: String, _ document: JSONObject) {
        self.image = image
        digest = document[annotation: Annotation.baseDigest].flatMap { Digest($0) }
        base = document[annotation: Annotation.baseName].flatMap { try? Reference($0) }
    }

    fileprivate var isWhole: Bool { base != nil && digest != nil }

    /// The record to compare: with the base `onto`, or else with its own base without the digest.
    fileprivate func compared(with onto: Reference?) -> BaseRecord {
        BaseRecord(image: image, base: onto ?? base?.withDigest(nil), digest: digest)
    }

    private init(image: String, base: Reference?, digest: Digest?) {
        self.image = image
        self.base = base
        self.digest = digest
    }

    /// - Returns: nil when the base is not among those that could be read.
    fileprivate func status(with current: [Reference: CurrentBase]) -> BaseStatus? {
        guard let base, let digest else {
            return BaseStatus(
                answer: .unknown, image: image, base: base?.description, recorded: digest, now: nil)
        }
        guard base.canMove else {
            return BaseStatus(
                answer: .current, image: image, base: base.description, recorded: digest,
                now: digest)
        }
        guard let now = current[base] else { return nil }
        return BaseStatus(
            answer: now.digests.contains(digest) ? .current : .stale, image: image,
            base: base.description, recorded: digest, now: now.root)
    }
}

/// What the tag of a base has now.
private struct CurrentBase: Sendable {
    /// nil when the tag is gone.
    let root: Digest?
    /// All digests by which an image may record this base.
    let digests: Set<Digest>
}

extension Reference {
    /// Whether the base can change: false for a base without a tag, and for `scratch`.
    fileprivate var canMove: Bool { tag != nil || digest != nil }
}

/// The values and the errors of answers, each in their order.
private func separated<Value>(_ answers: [Result<Value, any Error>]) -> ([Value], [any Error]) {
    var values: [Value] = []
    var errors: [any Error] = []
    for answer in answers {
        switch answer {
        case .success(let value): values.append(value)
        case .failure(let error): errors.append(error)
        }
    }
    return (values, errors)
}

extension ImageStore {
    /// Reads the recorded bases of images: the base of an index itself, or else that of each of its
    /// images.
    ///
    /// An image that cannot be read does not stop the others.
    ///
    /// - Returns: the records in the order of `references`, and the errors of those that could not
    ///   be read.
    public func baseRecords(
        of references: [Reference]
    ) throws -> (records: [BaseRecord], failures: [any Error]) {
        let answers = try concurrently(references) { reference, _ in
            Result { try self.baseRecords(of: reference) }
        }
        let (records, failures) = separated(answers)
        return (records.flatMap { $0 }, failures)
    }

    private func baseRecords(of reference: Reference) throws -> [BaseRecord] {
        let root = try manifest(of: reference)
        let record = BaseRecord(image: reference.description, try document(of: root))
        guard root.mediaType.isIndex, !record.isWhole else { return [record] }
        let repository = try repository(for: reference)
        let entries = try entries(of: root, in: repository, reference)
        return try choose(.all, from: entries, in: repository, reference).map { image in
            BaseRecord(
                image: reference.at(image.raw.digest).description, try document(of: image.raw))
        }
    }

    private func document(of raw: RawManifest) throws -> JSONObject {
        try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try JSONField(JSON.parse(raw.bytes)).object()
        }
    }

    /// Compares recorded bases with the current digests of their tags.
    ///
    /// Each base takes one HEAD request. Only when its digest differs, its index is fetched, once,
    /// because an image may record the manifest of its own platform. A base that cannot be read does
    /// not stop the others; a missing base is not an error.
    ///
    /// - Parameter onto: a base to compare all of them with, whatever they record.
    /// - Returns: the answers in the order of `records`, without those about bases that could not be
    ///   read, and an error for each such base.
    public func baseStatus(
        of records: [BaseRecord], onto: Reference? = nil
    ) throws -> (answers: [BaseStatus], failures: [any Error]) {
        let records = records.map { $0.compared(with: onto) }
        var wanted: [Reference: Set<Digest>] = [:]
        var bases: [Reference] = []
        for record in records {
            guard let base = record.base, let digest = record.digest, base.canMove else { continue }
            if wanted[base] == nil { bases.append(base) }
            wanted[base, default: []].insert(digest)
        }
        let questions = bases.map { (reference: $0, recorded: wanted[$0] ?? []) }
        let found = try concurrently(questions) { base, _ in
            Result {
                (base.reference, try self.current(base.reference, recorded: base.recorded))
            }
        }
        let (readable, failures) = separated(found)
        let current = Dictionary(readable) { first, _ in first }
        return (records.compactMap { $0.status(with: current) }, failures)
    }

    /// - Throws: what the place throws. A missing base is not an error.
    private func current(
        _ base: Reference, recorded: Set<Digest>
    ) throws -> CurrentBase {
        let repository = try repository(for: base)
        let selector =
            base.digest.map { ManifestSelector.digest($0) } ?? base.tag.map { .tag($0) }
        guard let selector, let root = try repository.manifestDigest(selector) else {
            return CurrentBase(root: nil, digests: [])
        }
        if recorded.isSubset(of: [root]) { return CurrentBase(root: root, digests: [root]) }
        guard let raw = try repository.manifest(.digest(root)), raw.mediaType.isIndex else {
            return CurrentBase(root: root, digests: [root])
        }
        let index = try raw.parsedIndex()
        return CurrentBase(root: root, digests: Set([root] + index.manifests.map(\.digest)))
    }
}

import JSON
import OCI

/// `index.json`: the entries of a layout.
///
/// It is edited as a document, so that unknown entries and fields stay unchanged, even if this
/// toolkit cannot read them.
///
/// - Spec: image-spec v1.1.1, image-layout.md, index.json file.
struct LayoutIndex {
    private var document: JSONObject
    private var entries: [JSON]

    /// The index of a layout without an image.
    init() {
        document = JSONObject()
        document["schemaVersion"] = .integer(2)
        document["mediaType"] = .string(MediaType.index.rawValue)
        entries = []
        document["manifests"] = .array(entries)
    }

    /// - Throws: `JSONError` when it is not an index.
    init(_ bytes: [UInt8]) throws(JSONError) {
        let field = JSONField(try JSON.parse(bytes))
        let version = try field.required("schemaVersion")
        guard try version.integer() == 2 else { throw version.failure("not 2") }
        document = try field.object()
        let entries = try field.member("manifests")?.elements() ?? []
        // Fields that are not used here must still be unambiguous for every reader.
        for entry in entries {
            if case .object = entry.value { try entry.checkSpelling(of: Descriptor.keys) }
        }
        self.entries = entries.map(\.value)
    }

    var bytes: [UInt8] { document.serialized() }

    /// The tags, each once, in the order of the entries.
    var tags: [String] {
        var seen: Set<[UInt8]> = []
        return entries.compactMap { $0.tag }.filter { seen.insert($0.utf8).inserted }.map(\.text)
    }

    /// The tags as bytes.
    var tagBytes: Set<[UInt8]> { Set(entries.compactMap { $0.tag?.utf8 }) }

    var untaggedCount: Int { entries.count { $0.tag == nil } }

    /// The entries with `tag`.
    ///
    /// - Throws: `JSONError` when one of them is not a descriptor.
    func manifests(tagged tag: String) throws(JSONError) -> [Descriptor] {
        try manifests { $0.tag == JSONString(tag) }
    }

    func manifests() throws(JSONError) -> [Descriptor] { try manifests { _ in true } }

    private func manifests(
        where isWanted: (JSON) -> Bool
    ) throws(JSONError) -> [Descriptor] {
        var result: [Descriptor] = []
        for (offset, entry) in entries.enumerated() where isWanted(entry) {
            result.append(
                try Descriptor(JSONField(entry, at: JSONPath.root.key("manifests").index(offset))))
        }
        return result
    }

    /// The media type of a manifest in its entries; nil when it has none.
    func mediaType(of digest: Digest) -> MediaType? {
        for entry in entries where entry.digest == JSONString(digest.description) {
            if let text = entry.object?.text("mediaType"), let type = MediaType(parsing: text) {
                return type
            }
        }
        return nil
    }

    /// Makes each descriptor the only entry with its tag, in the given order. Without a tag, adds an
    /// entry unless the manifest already has one.
    mutating func set(_ additions: [(descriptor: Descriptor, tag: String?)]) {
        var places: [[UInt8]: Int] = [:]
        var entryCounts: [[UInt8]: Int] = [:]
        for (index, entry) in entries.enumerated() {
            if let tag = entry.tag, places[tag.utf8] == nil { places[tag.utf8] = index }
            entryCounts[entry.digestBytes, default: 0] += 1
        }
        for (descriptor, tag) in additions {
            var descriptor = descriptor
            descriptor[annotation: Annotation.refName] = tag
            let entry = JSON.object(descriptor.document)
            let place = tag.flatMap { places[Array($0.utf8)] }
            if tag == nil, entryCounts[entry.digestBytes, default: 0] > 0 { continue }
            if let place {
                entryCounts[entries[place].digestBytes, default: 0] -= 1
                entries[place] = entry
            } else {
                if let tag { places[Array(tag.utf8)] = entries.endIndex }
                entries.append(entry)
            }
            entryCounts[entry.digestBytes, default: 0] += 1
        }
        let tags = Set(additions.compactMap { $0.tag.map { Array($0.utf8) } })
        entries = entries.enumerated().filter { index, entry in
            guard let tag = entry.tag?.utf8, tags.contains(tag) else { return true }
            return places[tag] == index
        }.map(\.element)
        document["manifests"] = .array(entries)
    }
}

extension LayoutIndex {
    /// Removes entries; those that stay keep their order.
    ///
    /// - Returns: whether there were any.
    mutating func removeEntries(where isRemoved: (JSON) -> Bool) -> Bool {
        let kept = entries.filter { !isRemoved($0) }
        guard kept.count < entries.count else { return false }
        entries = kept
        document["manifests"] = .array(entries)
        return true
    }
}

extension JSON {
    /// The `org.opencontainers.image.ref.name` of an index entry.
    var tag: JSONString? {
        object?.object("annotations")[Annotation.refName]?.string
    }

    var digest: JSONString? { object?["digest"]?.string }

    fileprivate var digestBytes: [UInt8] { digest?.utf8 ?? [] }
}

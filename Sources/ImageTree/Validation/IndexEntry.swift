import JSON
import OCI

/// An entry of an index, or of `index.json`, that need not be valid.
struct IndexEntry {
    /// Its index.
    let offset: Int
    /// Its name in a layout.
    let tag: JSONString?
    /// The descriptor, or why it is none.
    let descriptor: Result<Descriptor, JSONError>

    init(_ field: JSONField, offset: Int) {
        self.offset = offset
        tag = field.value.object?.object("annotations")[Annotation.refName]?.string
        descriptor = Result { () throws(JSONError) in try Descriptor(field) }
    }

    /// Whether it is a list of signatures, attestations or SBOMs of cosign.
    var isAttachment: Bool { tag.map { DigestTag.matches($0.text) } ?? false }

    /// Why it is no descriptor; nil when it is one.
    var error: JSONError? {
        if case .failure(let error) = descriptor { error } else { nil }
    }
}

import JSON

/// Members that manifests and indexes have in common.
extension JSONField {
    /// The media type of a document: its own `mediaType`, or else the announced one.
    ///
    /// - Parameter announced: the type in the response or descriptor.
    /// - Throws: `JSONError.field` when both exist and differ.
    func mediaType(announced: MediaType?) throws(JSONError) -> MediaType? {
        guard let member = try member("mediaType") else { return announced }
        let text = try member.string()
        if let announced, announced.rawValue != text {
            throw member.failure("\(text.prefix(100)), but it was announced as \(announced)")
        }
        return try MediaType(member)
    }

    /// The descriptor at the member `key`; nil when it is missing or null.
    func descriptor(_ key: JSONString) throws(JSONError) -> Descriptor? {
        guard let member = try member(key) else { return nil }
        return try Descriptor(member)
    }
}

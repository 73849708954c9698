/// Accessors for documents that were checked before, or for optional values. `JSONField` reports
/// errors with their position.
extension JSON {
    public var string: JSONString? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// The text of a string; nil for other values.
    public var text: String? { string?.text }

    /// The value of a 64-bit integer; nil for other values.
    public var int64: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.int64
    }

    public var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    public var elements: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The strings of an array, without other elements; empty for other values.
    public var texts: [String] { elements?.compactMap(\.text) ?? [] }
}

extension JSONObject {
    /// The text of the member `key`; nil when it is missing or not a string.
    public func text(_ key: JSONString) -> String? { self[key]?.text }

    /// As `text(_:)`, but nil for an empty string too.
    public func nonemptyText(_ key: JSONString) -> String? {
        text(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The object at the member `key`; an empty one for other values and null.
    public func object(_ key: JSONString) -> JSONObject { self[key]?.object ?? JSONObject() }
}

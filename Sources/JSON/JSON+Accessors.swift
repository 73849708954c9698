/// What a value is, for who has checked the document before or does not mind that it is something
/// else. `JSONField` says what is wrong and where.
extension JSON {
    public var string: JSONString? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// The text of a string; nil for anything else.
    public var text: String? { string?.text }

    /// The value of a number that is an integer of 64 bits; nil for anything else.
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

    /// The strings of an array, without what is no string; empty for anything else.
    public var texts: [String] { elements?.compactMap(\.text) ?? [] }
}

extension JSONObject {
    /// The text of the member `key`; nil when it is not there or not a string.
    public func text(_ key: JSONString) -> String? { self[key]?.text }

    /// The same, but nil for an empty string too.
    public func nonemptyText(_ key: JSONString) -> String? {
        text(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The object that the member `key` is; an empty one for anything else, null among it.
    public func object(_ key: JSONString) -> JSONObject { self[key]?.object ?? JSONObject() }
}

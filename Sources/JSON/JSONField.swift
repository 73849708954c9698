/// A value with its path, for errors with their position.
public struct JSONField: Sendable {
    public let value: JSON
    public let path: JSONPath

    public init(_ value: JSON, at path: JSONPath = .root) {
        self.value = value
        self.path = path
    }

    /// An error at this path.
    public func failure(_ problem: String) -> JSONError { .field(path: path, problem) }

    /// - Throws: `JSONError.field` when it is not an object.
    public func object() throws(JSONError) -> JSONObject {
        guard case .object(let object) = value else { throw expected("an object") }
        return object
    }

    /// - Throws: `JSONError.field` when it is not a string.
    public func string() throws(JSONError) -> String {
        guard case .string(let string) = value else { throw expected("a string") }
        return string.text
    }

    /// - Throws: `JSONError.field` when it is neither true nor false.
    public func bool() throws(JSONError) -> Bool {
        guard case .bool(let bool) = value else { throw expected("a boolean") }
        return bool
    }

    /// - Throws: `JSONError.field` for other values than a number written as a 64-bit integer.
    public func integer() throws(JSONError) -> Int64 {
        guard case .number(let number) = value else { throw expected("an integer") }
        guard let integer = number.int64 else { throw failure("not an integer of 64 bits") }
        return integer
    }

    /// The elements with their paths.
    ///
    /// - Throws: `JSONError.field` when it is not an array.
    public func elements() throws(JSONError) -> [JSONField] {
        guard case .array(let elements) = value else { throw expected("an array") }
        return elements.enumerated().map { JSONField($0.element, at: path.index($0.offset)) }
    }

    /// The member `key` of an object; nil when it is missing or null.
    ///
    /// Go programs write null for an empty list or map, with the same meaning as a missing member.
    /// - Throws: `JSONError.field` when the object has a key that Go programs read as `key`.
    public func member(_ key: JSONString) throws(JSONError) -> JSONField? {
        let object = try object()
        try refuseOtherSpellings(of: key, in: object)
        guard let value = object[key], value != .null else { return nil }
        return JSONField(value, at: path.key(key))
    }

    /// The member `key` of an object, which must exist and not be null.
    public func required(_ key: JSONString) throws(JSONError) -> JSONField {
        if let field = try member(key) { return field }
        let isNull = try object()[key] != nil
        throw .field(path: path.key(key), isNull ? "null, where a value must be" : "missing")
    }

    /// The elements of the list `key`, which must exist; null is an empty list, as Go programs
    /// write it.
    public func requiredElements(_ key: JSONString) throws(JSONError) -> [JSONField] {
        if let list = try member(key) { return try list.elements() }
        guard try object()[key] != nil else { throw .field(path: path.key(key), "missing") }
        return []
    }

    /// Whether the object has a member `key`, null or not.
    public func has(_ key: JSONString) throws(JSONError) -> Bool {
        _ = try member(key)
        return try object()[key] != nil
    }

    /// Refuses keys that Go's parser would treat as one of `keys`.
    public func checkSpelling(of keys: [JSONString]) throws(JSONError) {
        let object = try object()
        for key in keys { try refuseOtherSpellings(of: key, in: object) }
    }

    private func refuseOtherSpellings(
        of key: JSONString, in object: JSONObject
    ) throws(JSONError) {
        for member in object.members where member.key.isOtherSpelling(of: key) {
            throw .field(
                path: path.key(member.key),
                "spelled otherwise than '\(key.text)', which some programs read it as")
        }
    }

    /// The members of an object whose values are all strings, in order.
    public func strings() throws(JSONError) -> [(key: String, value: String)] {
        var result: [(key: String, value: String)] = []
        for member in try object().members {
            let field = JSONField(member.value, at: path.key(member.key))
            result.append((member.key.text, try field.string()))
        }
        return result
    }

    private func expected(_ kind: String) -> JSONError { failure("\(value.kind), not \(kind)") }
}

import JSON

extension JSON {
    /// Whether the value is empty: null, false, 0, an empty string, list or object, or an object of
    /// empty values.
    ///
    /// Go programs write these values for a field that is not set, or omit the field.
    var saysNothing: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .number(let number): number.int64 == 0
        case .string(let text): text.utf8.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let object): object.members.allSatisfy(\.value.saysNothing)
        }
    }

    /// Whether two values of one field have the same meaning for Docker, whatever the order of
    /// keys.
    ///
    /// Elements of a list are compared one by one: an empty string there is a value.
    public static func haveSameMeaning(_ one: JSON?, _ other: JSON?) -> Bool {
        let isNothing = (one?.saysNothing ?? true, other?.saysNothing ?? true)
        guard let one, let other, isNothing == (false, false) else {
            return isNothing == (true, true)
        }
        switch (one, other) {
        case (.object(let one), .object(let other)):
            let keys = one.members.map(\.key) + other.members.map(\.key)
            return keys.allSatisfy { haveSameMeaning(one[$0], other[$0]) }
        case (.array(let one), .array(let other)):
            return one.count == other.count
                && zip(one, other).allSatisfy { $0 == $1 || haveSameObject($0, $1) }
        default: return one == other
        }
    }

    private static func haveSameObject(_ one: JSON, _ other: JSON) -> Bool {
        guard case .object = one, case .object = other else { return false }
        return haveSameMeaning(one, other)
    }
}

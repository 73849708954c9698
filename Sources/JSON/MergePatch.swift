extension JSONObject {
    /// Applies a merge patch: null removes a member, an object is merged, any other value replaces.
    ///
    /// New members are added at the end, in the order of the patch.
    /// - Spec: RFC 7396.
    public mutating func merge(_ patch: JSONObject) {
        for member in patch.members {
            switch member.value {
            case .null: self[member.key] = nil
            case .object(let inner):
                var target = object(member.key)
                target.merge(inner)
                self[member.key] = .object(target)
            case .bool, .number, .string, .array: self[member.key] = member.value
            }
        }
    }

    /// Sets or removes `key`. A new key is inserted at its place in `order` among the existing
    /// members, else at the end.
    ///
    /// - Parameter order: the keys in the order of their specification, including `key`.
    public mutating func set(_ key: JSONString, to value: JSON?, order: [JSONString]) {
        guard let value else {
            self[key] = nil
            return
        }
        guard self[key] == nil, let rank = order.firstIndex(of: key) else {
            self[key] = value
            return
        }
        if order[..<rank].contains(where: { self[$0] != nil }) {
            set(key, to: value, after: order[..<rank].reversed())
        } else {
            let successors = order[(rank + 1)...]
            insert(key, value, before: members.firstIndex { successors.contains($0.key) })
        }
    }
}

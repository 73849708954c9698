extension JSON {
    /// The document without the member that `path` leads to.
    ///
    /// An element of an array is removed with the whole array, so that no other element gets its
    /// index.
    ///
    /// - Returns: nil when there is no such member.
    public func removing(_ path: JSONPath) -> JSON? {
        removing(path.member.steps.list[...])
    }

    private func removing(_ steps: ArraySlice<JSONPath.Step>) -> JSON? {
        let rest = steps.dropFirst()
        switch (steps.first, self) {
        case (.key(let key), .object(var object)):
            guard let value = object[key] else { return nil }
            if rest.isEmpty {
                object[key] = nil
            } else {
                guard let inner = value.removing(rest) else { return nil }
                object[key] = inner
            }
            return .object(object)
        case (.index(let index), .array(var elements)):
            guard elements.indices.contains(index),
                let element = elements[index].removing(rest)
            else { return nil }
            elements[index] = element
            return .array(elements)
        default:
            return nil
        }
    }
}

extension JSONPath {
    fileprivate enum Step {
        case key(JSONString)
        case index(Int)
    }

    /// The path of the member that holds the value: without the indexes at the end.
    public var member: JSONPath {
        if case .index(let parent, _) = steps { return JSONPath(steps: parent).member }
        return self
    }

    /// The member of the document that has the value; nil for the document itself.
    public var topMember: JSONString? {
        if case .key(let key) = steps.list.first { key } else { nil }
    }
}

extension JSONPath.Steps {
    fileprivate var list: [JSONPath.Step] {
        switch self {
        case .root: []
        case .key(let parent, let key): parent.list + [.key(key)]
        case .index(let parent, let index): parent.list + [.index(index)]
        }
    }
}

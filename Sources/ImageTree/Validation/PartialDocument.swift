import JSON

/// A document in which fields may be wrong.
///
/// The member of each error is taken out and the rest is read again, so that no error hides
/// another.
struct PartialDocument<Value> {
    /// The document without its wrong members; nil when one is missing that it must have.
    let value: Value?
    /// In the order in which the fields are read.
    let errors: [JSONError]

    /// Each error takes one more reading.
    private static var errorLimit: Int { 100 }

    init(_ document: JSON, _ read: (JSONField) throws(JSONError) -> Value) {
        var rest: JSON? = document
        var members: Set<JSONPath> = []
        var errors: [JSONError] = []
        var value: Value?
        while value == nil, let document = rest, errors.count < Self.errorLimit {
            do throws(JSONError) {
                value = try read(JSONField(document))
            } catch {
                rest = nil
                guard case .field(let path, _) = error else {
                    errors.append(error)
                    break
                }
                // A member that was taken out is reported as missing when it must be there.
                guard members.insert(path.member).inserted else { break }
                errors.append(error)
                rest = document.removing(path)
            }
        }
        self.value = value
        self.errors = errors
    }

    /// Whether a member of the document, or anything in it, is wrong.
    func isWrong(_ key: JSONString) -> Bool {
        errors.contains { error in
            if case .field(let path, _) = error { path.topMember == key } else { false }
        }
    }

    /// The paths of wrong members, as text.
    var wrongPaths: Set<String> {
        Set(
            errors.compactMap { error in
                if case .field(let path, _) = error { path.member.text } else { nil }
            })
    }
}

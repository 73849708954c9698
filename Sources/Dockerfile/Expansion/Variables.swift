/// Names and values in the order they were first set; names are compared as bytes.
public struct Variables: Sendable {
    private var indices: [[UInt8]: Int] = [:]
    private(set) var entries: [(name: String, value: String)] = []

    public init() {}

    public init(_ entries: some Sequence<(name: String, value: String)>) {
        for entry in entries { self[entry.name] = entry.value }
    }

    /// Replaces a value in its place, or adds it at the end; nil changes nothing.
    public subscript(name: String) -> String? {
        get { indices[Array(name.utf8)].map { entries[$0].value } }
        set {
            guard let newValue else { return }
            let key = Array(name.utf8)
            if let index = indices[key] {
                entries[index].value = newValue
            } else {
                indices[key] = entries.count
                entries.append((name, newValue))
            }
        }
    }
}

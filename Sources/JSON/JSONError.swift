/// Why a document was refused, with the position.
public enum JSONError: Error, Hashable, Sendable {
    /// Not JSON: the offset counts bytes from 0.
    case syntax(offset: Int, String)
    /// JSON, but the value at `path` is wrong.
    case field(path: JSONPath, String)

    /// The message: `layers[2].digest: not a digest` or `byte 17: a key should be here`.
    public var text: String {
        switch self {
        case .syntax(let offset, let problem): "byte \(offset): \(problem)"
        case .field(let path, let problem):
            path.text.isEmpty ? problem : "\(path.text): \(problem)"
        }
    }

    /// The error in a document that contains this one at `path`.
    public func inside(_ path: JSONPath) -> JSONError {
        switch self {
        case .syntax: .field(path: path, "not JSON, \(text)")
        case .field(let inner, let problem): .field(path: path.appending(inner), problem)
        }
    }
}

/// The path of a value in a document, such as `layers[2].digest`.
///
/// It is created for every value, and converted to text only for an error.
public struct JSONPath: Hashable, Sendable {
    indirect enum Steps: Sendable {
        case root
        case key(Steps, JSONString)
        case index(Steps, Int)
    }

    let steps: Steps

    public static let root = JSONPath(steps: .root)

    init(steps: Steps) {
        self.steps = steps
    }

    /// The path of the member `key` of this object.
    public func key(_ key: JSONString) -> JSONPath { JSONPath(steps: .key(steps, key)) }

    /// The path of an element of this array, counted from 0.
    public func index(_ index: Int) -> JSONPath { JSONPath(steps: .index(steps, index)) }

    public var text: String { JSONPath.text(steps) }

    func appending(_ other: JSONPath) -> JSONPath {
        JSONPath(steps: JSONPath.joined(steps, other.steps))
    }

    private static func joined(_ first: Steps, _ second: Steps) -> Steps {
        switch second {
        case .root: first
        case .key(let parent, let key): .key(joined(first, parent), key)
        case .index(let parent, let index): .index(joined(first, parent), index)
        }
    }

    private static func text(_ steps: Steps) -> String {
        switch steps {
        case .root: ""
        case .index(let parent, let index): "\(text(parent))[\(index)]"
        case .key(let parent, let key):
            if key.isPlain {
                parent.isRoot ? key.text : "\(text(parent)).\(key.text)"
            } else {
                "\(text(parent))[\(key.quotedPrefix)]"
            }
        }
    }

    public static func == (left: JSONPath, right: JSONPath) -> Bool { left.text == right.text }

    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension JSONPath.Steps {
    fileprivate var isRoot: Bool {
        switch self {
        case .root: true
        case .key, .index: false
        }
    }
}

extension JSONString {
    /// A short word of ASCII letters, digits and underscores.
    fileprivate var isPlain: Bool {
        (1...80).contains(utf8.count)
            && utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "_") }
    }

    /// The beginning as a JSON string, without control characters.
    fileprivate var quotedPrefix: String {
        var quoted: [UInt8] = []
        JSONString(utf8: Array(utf8.prefix(80))).serialize(into: &quoted)
        return String(decoding: quoted, as: UTF8.self)
    }
}

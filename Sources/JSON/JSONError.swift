/// Why a document was refused, and where.
public enum JSONError: Error, Hashable, Sendable {
    /// Not JSON: the offset counts bytes from 0.
    case syntax(offset: Int, String)
    /// JSON, but not what should stand at `path`.
    case field(path: JSONPath, String)

    /// As in `layers[2].digest: not a digest` and `byte 17: a key should be here`.
    public var text: String {
        switch self {
        case .syntax(let offset, let problem): "byte \(offset): \(problem)"
        case .field(let path, let problem):
            path.text.isEmpty ? problem : "\(path.text): \(problem)"
        }
    }

    /// The error as seen from a document in which this one stands at `path`.
    public func inside(_ path: JSONPath) -> JSONError {
        switch self {
        case .syntax: .field(path: path, "not JSON, \(text)")
        case .field(let inner, let problem): .field(path: path.appending(inner), problem)
        }
    }
}

/// Where in a document a value stands, as in `layers[2].digest`.
public struct JSONPath: Hashable, Sendable {
    public let text: String

    public static let root = JSONPath(text: "")

    public func key(_ key: JSONString) -> JSONPath {
        let plain = key.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x30 && $0 <= 0x39)
                || $0 == 0x5F
        }
        if !plain || key.utf8.isEmpty {
            var quoted: [UInt8] = []
            JSONString(utf8: Array(key.utf8.prefix(80))).serialize(into: &quoted)
            return JSONPath(text: "\(text)[\(String(decoding: quoted, as: UTF8.self))]")
        }
        return JSONPath(text: text.isEmpty ? key.text : "\(text).\(key.text)")
    }

    public func index(_ index: Int) -> JSONPath { JSONPath(text: "\(text)[\(index)]") }

    func appending(_ other: JSONPath) -> JSONPath {
        if text.isEmpty || other.text.isEmpty || other.text.hasPrefix("[") {
            return JSONPath(text: text + other.text)
        }
        return JSONPath(text: "\(text).\(other.text)")
    }
}

import ByteStream
import JSON
import Snapshot

extension ImageDifference {
    /// The difference as a line for people, without a newline.
    public var text: String {
        switch subject {
        case .manifest(let path): document("manifest", path)
        case .annotation(let key): document("annotation", key)
        case .config(let path): document("config", path)
        case .layer(let number): "layer \(number): \(layerText)"
        case .file(let path): "\(quote([UInt8(ascii: "/")] + path)): \(fileText)"
        }
    }

    private func document(_ what: String, _ path: String) -> String {
        if change == .bytes { return "\(what): the same values in other bytes" }
        return "\(what) \(escaped(path)): \(sides { $0.serialized() })"
    }

    private func sides(_ text: (JSON) -> [UInt8]) -> String {
        func side(_ value: JSON?) -> String {
            guard let value else { return "-" }
            // JSON escapes control characters, but not all sequences that affect a terminal.
            return escaped(text(value))
        }
        return "\(side(first)) | \(side(second))"
    }

    private var layerText: String {
        let digests = sides { value in
            guard let object = value.object, let digest = object["digest"]?.string
            else { return [] }
            return digest.utf8
        }
        return change == .compression ? "\(digests) (the same tar)" : digests
    }

    private var fileText: String {
        func number(_ side: JSON?) -> String {
            guard let object = side?.object, case .number(let number) = object["layer"] else {
                return "-"
            }
            return String(decoding: number.text, as: UTF8.self)
        }
        return switch change {
        case .added: "only in the second, layer \(number(second))"
        case .removed: "only in the first, layer \(number(first))"
        case .changed, .compression, .bytes:
            "\(aspects.joined(separator: ", ")), layers \(number(first)) | \(number(second))"
        }
    }

    /// The difference as one JSON document.
    public var json: JSON {
        var object = JSONObject()
        switch subject {
        case .manifest(let path):
            object["kind"] = .string("manifest")
            object["path"] = .string(path)
        case .annotation(let key):
            object["kind"] = .string("annotation")
            object["path"] = .string(key)
        case .config(let path):
            object["kind"] = .string("config")
            object["path"] = .string(path)
        case .layer(let number):
            object["kind"] = .string("layer")
            object["layer"] = .integer(number)
        case .file(let path):
            object["kind"] = .string("file")
            object["path"] = .string(JSONString(utf8: VisText.encode(path)))
        }
        object["change"] = .string(change.rawValue)
        if !aspects.isEmpty {
            object["aspects"] = .array(aspects.map { .string($0) })
        }
        object["first"] = first
        object["second"] = second
        return .object(object)
    }
}

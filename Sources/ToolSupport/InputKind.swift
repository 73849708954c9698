import ByteStream
import JSON
import OCI

/// Names the kind of an input where another kind is expected.
enum InputKind {
    /// The input that a tool expects.
    enum Expectation: String {
        case imageLines = "image lines"
        case descriptorLines = "descriptor lines"
    }

    /// Reads an input, and on failure names its kind when it is another kind that these tools pipe.
    ///
    /// - Throws: `InputError.wrongKind`, and what `read` throws.
    static func naming<Result>(
        _ bytes: [UInt8], _ path: Path, expecting expectation: Expectation,
        _ read: () throws -> Result
    ) throws -> Result {
        if let kind = binary(bytes) {
            throw InputError.wrongKind(path, found: kind, expected: expectation.rawValue)
        }
        do {
            return try read()
        } catch {
            guard let kind = document(bytes, expectation) else { throw error }
            throw InputError.wrongKind(path, found: kind, expected: expectation.rawValue)
        }
    }

    /// The kind of input that is no document, by its first bytes.
    private static func binary(_ bytes: [UInt8]) -> String? {
        switch InputFormat(firstBytes: bytes) {
        case .json: nil
        case .some(let format): format.name
        case .none: bytes.first == 0 ? "binary data" : nil
        }
    }

    /// The kind of document in the first line, when it is another kind.
    private static func document(_ bytes: [UInt8], _ expectation: Expectation) -> String? {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard line.count <= ImageLines.lineByteLimit else { return nil }
        let object: JSONObject
        do {
            object = try JSONField(JSON.parse(Array(line))).object()
        } catch {
            // The parser reports malformed lines.
            return nil
        }
        let isDescriptor = object["digest"] != nil && object["size"] != nil
        switch expectation {
        case .imageLines:
            if object["manifests"] != nil, object["layers"] == nil { return "an index" }
            if isDescriptor, object["config"] == nil { return "a descriptor line" }
            if object["rootfs"] != nil, object["layers"] == nil { return "the config of an image" }
            if object["layers"] != nil, let config = object["config"]?.object,
                config["data"] == nil
            {
                return "a manifest without its config"
            }
        case .descriptorLines:
            if isDescriptor { return nil }
            if object["manifests"] != nil { return "an index" }
            if object["layers"] != nil, let config = object["config"]?.object {
                return config["data"] == nil ? "a manifest" : "an image line"
            }
            if object["rootfs"] != nil { return "the config of an image" }
        }
        return nil
    }
}

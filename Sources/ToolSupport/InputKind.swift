import ByteStream
import JSON
import OCI

/// Names the kind of an input where another kind is expected.
public enum InputKind {
    /// The input that a tool expects.
    public enum Expectation: String, Sendable {
        case imageLines = "image lines are"
        case descriptorLines = "descriptor lines are"
        case manifest = "a manifest is"
    }

    /// Refuses the bytes of a document when they are of another kind that these tools pipe.
    ///
    /// - Throws: `InputError.wrongKind`.
    public static func check(
        _ bytes: [UInt8], _ path: Path, expecting expectation: Expectation
    ) throws(InputError) {
        if let kind = binary(bytes) ?? document(bytes, expectation) {
            throw .wrongKind(path, found: kind, expected: expectation.rawValue)
        }
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

    /// The kind of document in the first line or in all lines, when it is another kind.
    private static func document(_ bytes: [UInt8], _ expectation: Expectation) -> String? {
        if let object = object(bytes.prefix { $0 != UInt8(ascii: "\n") }) {
            return kind(of: object, expectation)
        }
        guard let object = object(bytes[...]) else { return nil }
        return kind(of: object, expectation)
            ?? (expectation == .manifest ? nil : "a JSON document of several lines")
    }

    /// nil for a malformed document, which the parser reports.
    private static func object(_ bytes: ArraySlice<UInt8>) -> JSONObject? {
        guard bytes.count <= ImageLines.lineByteLimit else { return nil }
        do {
            return try JSONField(JSON.parse(Array(bytes))).object()
        } catch {
            return nil
        }
    }

    private static func kind(of object: JSONObject, _ expectation: Expectation) -> String? {
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
        case .manifest:
            if object["schemaVersion"] != nil { return nil }
            if isDescriptor { return "a descriptor line" }
            if object["rootfs"] != nil { return "the config of an image" }
        }
        return nil
    }
}

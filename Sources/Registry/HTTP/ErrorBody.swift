import JSON

/// A registry's error message, as one short line.
///
/// - Spec: distribution-spec v1.1, Error Codes.
enum ErrorBody {
    /// The maximum length of a message.
    static let lengthLimit = 400

    /// - Parameters:
    ///   - bytes: the body, which may be anything.
    ///   - mask: removes secrets from a text before it is cut, so that no part of a secret is left.
    /// - Returns: `CODE: message; CODE: message`, or the beginning of a text; nil for an empty body
    ///   and for a page of HTML.
    static func reason(_ bytes: [UInt8], mask: (String) -> String = { $0 }) -> String? {
        if let document = try? JSON.parse(bytes), let text = reason(document) {
            return shortened(mask(text))
        }
        let text = mask(String(decoding: bytes.prefix(64 << 10), as: UTF8.self))
        let firstLine = text.split(whereSeparator: \.isNewline).first ?? ""
        return isMarkup(bytes) || firstLine.isEmpty ? nil : shortened(String(firstLine))
    }

    /// Whether a body is HTML or XML. Some registries call other bodies `text/html`.
    static func isMarkup(_ bytes: [UInt8]) -> Bool {
        bytes[...].trimmingWhiteSpace().first == UInt8(ascii: "<")
    }

    /// The codes of the errors in a body; empty for one that lists none.
    static func codes(_ bytes: [UInt8]) -> [String] {
        guard let object = try? JSON.parse(bytes).object else { return [] }
        return errors(in: object).compactMap { $0.text("code") }
    }

    private static func errors(in object: JSONObject) -> [JSONObject] {
        (object["errors"]?.elements ?? []).compactMap(\.object)
    }

    private static func reason(_ document: JSON) -> String? {
        guard let object = document.object else { return nil }
        let texts = errors(in: object).compactMap { join($0.text("code"), $0.text("message")) }
        if !texts.isEmpty { return texts.joined(separator: "; ") }
        // Token servers use the format of OAuth2 (RFC 6749, section 5.2) or their own.
        return join(object.text("error"), object.text("error_description"))
            ?? object.text("message") ?? object.text("details")
    }

    private static func join(_ code: String?, _ message: String?) -> String? {
        let parts = [code, message].compactMap { $0 }.filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    /// One line without control characters.
    static func shortened(_ text: String) -> String? {
        let clean = text.unicodeScalars.map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " "
            default: Character(scalar)
            }
        }
        let trimmed = String(clean).split(separator: " ").joined(separator: " ")
        if trimmed.isEmpty { return nil }
        return trimmed.count > lengthLimit ? "\(trimmed.prefix(lengthLimit))…" : trimmed
    }
}

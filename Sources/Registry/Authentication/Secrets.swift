import ByteStream
import OCI

/// The passwords and tokens that were used, in every form in which a server or a library may repeat
/// them. They must never be shown.
final class Secrets: Sendable {
    /// As bytes in lower case, the longest first, so that no part of a longer one is left.
    private let forms = Guarded<[[UInt8]]>([])

    /// The minimum length of a secret: masking shorter ones would damage messages.
    private static let leastByteCount = 4

    /// - Parameter proxies: URLs of proxies, which may have a user and a password.
    init(proxies: [String] = []) {
        for proxy in proxies { addUserInformation(of: proxy) }
    }

    /// Adds a secret, as it is and percent-encoded.
    func add(_ secret: String) {
        for form in [secret, percentEncoded(secret), formEncoded(secret)] {
            let form = form.utf8.map { lowercased($0) }
            guard form.count >= Secrets.leastByteCount else { continue }
            forms.withLock { forms in
                guard !forms.contains(form) else { return }
                let index = forms.firstIndex { $0.count < form.count } ?? forms.endIndex
                forms.insert(form, at: index)
            }
        }
    }

    /// Replaces each secret in a text by `***`, without regard to case.
    func removed(from text: String) -> String {
        let forms = forms.withLock { $0 }
        if forms.isEmpty { return text }
        let original = Array(text.utf8)
        let folded = original.map { lowercased($0) }
        var result: [UInt8] = []
        var position = 0
        while position < folded.count {
            if let form = forms.first(where: { folded[position...].starts(with: $0) }) {
                result += Array("***".utf8)
                position += form.count
            } else {
                result.append(original[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Adds the text before the last `@` of a proxy's URL. The URL need not be valid: libcurl
    /// repeats text that it cannot parse, as a whole or in parts.
    private func addUserInformation(of proxy: String) {
        let start = proxy.firstRange(of: "://")?.upperBound ?? proxy.startIndex
        guard let at = proxy.lastIndex(of: "@"), start < at else { return }
        let information = proxy[start..<at]
        add(String(information))
        guard let colon = information.firstIndex(of: ":") else { return }
        let password = String(information[information.index(after: colon)...])
        for form in [password, percentDecoded(password)] {
            add(form)
            for part in form.split(whereSeparator: { "/@?#: ".contains($0) }) { add(String(part)) }
        }
    }
}

/// Form encoding: a space is a plus.
private func formEncoded(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
        .map { percentEncoded(String($0)) }.joined(separator: "+")
}

/// Replaces every `%XX` by its byte.
func percentDecoded(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
        let digits = bytes[(position + 1)...].prefix(2)
        if bytes[position] == UInt8(ascii: "%"), digits.count == 2,
            digits.allSatisfy(isHexadecimalDigit),
            let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        {
            result.append(byte)
            position += 3
        } else {
            result.append(bytes[position])
            position += 1
        }
    }
    return String(decoding: result, as: UTF8.self)
}

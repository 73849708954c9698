import ByteStream
import OCI

/// What must never be shown: passwords and tokens that were in use, in every form in which a server
/// or a library may repeat them.
final class Secrets: Sendable {
    /// As bytes in lower case; the longest come first, so that no part of one is left.
    private let forms = Guarded<[[UInt8]]>([])

    /// Shorter ones would take words out of messages.
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

    /// The same text with `***` for each secret in it, whatever the case of its letters.
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

    /// Adds what stands before the last `@` of a proxy's URL, which need not be one: libcurl repeats
    /// what it cannot parse, as a whole or in parts.
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

/// As forms have it: a space is a plus.
private func formEncoded(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
        .map { percentEncoded(String($0)) }.joined(separator: "+")
}

/// Every `%XX` as its byte.
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

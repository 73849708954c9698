/// An absolute `http` or `https` URL, kept as text: a query of signatures must survive as it is.
///
/// - Spec: RFC 3986.
struct HTTPURL: Hashable, Sendable {
    let scheme: String
    /// Host and port as written, without user information.
    let authority: String
    /// Path and query; begins with a slash.
    let target: String

    init(scheme: String, authority: String, target: String) {
        self.scheme = scheme
        self.authority = authority
        self.target = target
    }

    /// - Returns: nil for anything else, and for text with spaces or control characters.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https", HTTPURL.isClean(text) else { return nil }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            authority = authority[authority.index(after: at)...]
        }
        guard !authority.isEmpty, !authority.contains("\\") else { return nil }
        let target = rest[end...]
        self.scheme = scheme
        self.authority = String(authority)
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    private static func isClean(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    var text: String { "\(scheme)://\(authority)\(target)" }

    /// Another path and query of the same host.
    func replacingTarget(_ target: String) -> HTTPURL {
        HTTPURL(scheme: scheme, authority: authority, target: target)
    }

    /// What a `Location` or a link of an answer from this URL points to.
    ///
    /// - Returns: nil when it is not a reference to http or https.
    func resolving(_ location: String) -> HTTPURL? {
        let location = String(location.prefix { $0 != "#" })
        guard HTTPURL.isClean(location) else { return nil }
        if location.hasPrefix("//") { return HTTPURL("\(scheme):\(location)") }
        if location.hasPrefix("/") { return replacingTarget(location) }
        let beforeQuery = location.prefix { $0 != "?" && $0 != "/" }
        if beforeQuery.contains(":") { return HTTPURL(location) }
        let path = target.prefix { $0 != "?" }
        if location.isEmpty { return self }
        if location.hasPrefix("?") { return replacingTarget(path + location) }
        let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return replacingTarget(HTTPURL.removingDotSegments(directory + location))
    }

    private static func removingDotSegments(_ target: some StringProtocol) -> String {
        let path = target.prefix { $0 != "?" }
        let query = target[path.endIndex...]
        var segments: [Substring] = []
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            switch part {
            case ".": if isLast { segments.append("") }
            case "..":
                _ = segments.popLast()
                if isLast { segments.append("") }
            default: segments.append(Substring(part))
            }
        }
        return "/" + segments.joined(separator: "/") + query
    }

    /// Adds a parameter to the query as text; what is there stays as it is.
    func appendingQuery(_ name: String, _ value: String) -> HTTPURL {
        let separator: String
        if !target.contains("?") {
            separator = "?"
        } else {
            separator = target.hasSuffix("?") || target.hasSuffix("&") ? "" : "&"
        }
        return replacingTarget("\(target)\(separator)\(name)=\(percentEncoded(value))")
    }

    /// Scheme, host in lower case and port: who gets to see credentials.
    var origin: String { "\(scheme)://\(hostAndPort)" }

    var hostAndPort: String {
        let authority = authority.lowercased()
        let afterAddress = authority.lastIndex(of: "]").map { authority[$0...] }
        let hasPort = (afterAddress ?? authority[...]).contains(":")
        if hasPort && !authority.hasSuffix(":") { return authority }
        let name = authority.hasSuffix(":") ? String(authority.dropLast()) : authority
        return name + (scheme == "https" ? ":443" : ":80")
    }

    /// The same with TLS when the host is the same as in `base`, which uses it: proxies that end TLS
    /// make registries believe that they are spoken to in the clear.
    func keepingTLS(of base: HTTPURL) -> HTTPURL {
        guard base.scheme == "https", scheme == "http",
            authority.lowercased() == base.authority.lowercased()
        else { return self }
        return HTTPURL(scheme: "https", authority: authority, target: target)
    }

    /// For messages: the values of query parameters that are not known to be harmless are left out.
    var redacted: String {
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count + 1)
        let harmless = ["digest", "mount", "from", "n", "last", "artifactType", "service", "scope"]
        let shown = query.split(separator: "&").filter { parameter in
            harmless.contains { parameter.hasPrefix($0 + "=") }
        }
        let suffix = shown.isEmpty ? "" : "?" + shown.joined(separator: "&")
        return "\(scheme)://\(authority)\(path)\(suffix)"
    }
}

/// Every byte but the unreserved ones as `%XX`.
///
/// - Spec: RFC 3986, section 2.
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            result += byte < 16 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return result
}

import CCurl
import JSON

/// An absolute `http` or `https` URL, stored as text, so that a signed query stays unchanged.
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

    /// Parses a URL with libcurl, which also sends it. User information and fragments are left out.
    ///
    /// - Returns: nil for any other scheme, and for text with spaces or control characters.
    init?(_ text: String) {
        guard HTTPURL.isPlain(text), let parser = URLParser(), parser.set(text) else { return nil }
        self.init(parser)
    }

    private init?(_ parser: borrowing URLParser) {
        guard let scheme = parser.part(CURLUPART_SCHEME), scheme == "http" || scheme == "https",
            let host = parser.part(CURLUPART_HOST), !host.isEmpty, HTTPURL.isClean(host),
            let path = parser.part(CURLUPART_PATH),
            // An address with a zone is valid on one machine only.
            parser.part(CURLUPART_ZONEID) == nil
        else { return nil }
        let port = parser.part(CURLUPART_PORT).map { ":\($0)" } ?? ""
        let query = parser.part(CURLUPART_QUERY).map { "?\($0)" } ?? ""
        self.init(scheme: scheme, authority: host + port, target: path + query)
    }

    /// Whether it has no spaces or control characters and, after a scheme, exactly two slashes:
    /// libcurl accepts one or three too.
    private static func isPlain(_ text: String) -> Bool {
        guard isClean(text) else { return false }
        for scheme in ["http:", "https:"]
        where equalsIgnoringCase(String(text.prefix(scheme.count)), scheme) {
            let rest = text.dropFirst(scheme.count)
            return rest.hasPrefix("//") && !rest.hasPrefix("///")
        }
        return true
    }

    private static func isClean(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    var text: String { "\(scheme)://\(authority)\(target)" }

    /// Another path and query of the same host.
    func replacingTarget(_ target: String) -> HTTPURL {
        HTTPURL(scheme: scheme, authority: authority, target: target)
    }

    /// Resolves a reference in a response from this URL. libcurl does this, and leaves a query
    /// unchanged.
    ///
    /// - Returns: nil when the result is not http or https.
    /// - Spec: RFC 3986, section 5.
    func resolving(_ reference: String) -> HTTPURL? {
        let reference = String(reference.prefix { $0 != "#" })
        guard HTTPURL.isPlain(reference) else { return nil }
        // libcurl would drop the last component of the path here.
        if reference.isEmpty { return self }
        guard let parser = URLParser(), parser.set(text), parser.set(reference) else { return nil }
        return HTTPURL(parser)
    }

    /// Appends a parameter to the query as text; the existing query stays unchanged.
    func appendingQuery(_ name: String, _ value: String) -> HTTPURL {
        let separator: String
        if !target.contains("?") {
            separator = "?"
        } else {
            separator = target.hasSuffix("?") || target.hasSuffix("&") ? "" : "&"
        }
        return replacingTarget("\(target)\(separator)\(name)=\(percentEncoded(value))")
    }

    /// Scheme, host in lower case and port: the unit to which credentials are sent.
    var origin: String { "\(scheme)://\(hostAndPort)" }

    var hostAndPort: String {
        let authority = authority.lowercased()
        let afterAddress = authority.lastIndex(of: "]").map { authority[$0...] }
        let hasPort = (afterAddress ?? authority[...]).contains(":")
        if hasPort && !authority.hasSuffix(":") { return authority }
        let name = authority.hasSuffix(":") ? String(authority.dropLast()) : authority
        return name + (scheme == "https" ? ":443" : ":80")
    }

    /// The same URL with TLS, when `base` has the same host and TLS. Behind proxies that terminate
    /// TLS, registries return URLs for plain HTTP.
    func keepingTLS(of base: HTTPURL) -> HTTPURL {
        guard base.scheme == "https", scheme == "http",
            authority.lowercased() == base.authority.lowercased()
        else { return self }
        return HTTPURL(scheme: "https", authority: authority, target: target)
    }

    /// The URL for messages, without values of query parameters that may be secret.
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

/// Encodes every byte except unreserved characters as `%XX`.
///
/// - Spec: RFC 3986, section 2.
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        if byte.isAlphanumeric || "-._~".utf8.contains(byte) {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let digits = String(byte, radix: 16, uppercase: true)
            result += byte < 16 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return result
}

/// libcurl's parser of URLs.
private struct URLParser: ~Copyable {
    private let handle: OpaquePointer

    /// - Returns: nil when memory is exhausted.
    init?() {
        guard let handle = curl_url() else { return nil }
        self.handle = handle
    }

    deinit {
        curl_url_cleanup(handle)
    }

    /// Parses a URL, or resolves a reference when a URL was set before.
    ///
    /// - Returns: false when it cannot be parsed.
    func set(_ text: String) -> Bool { curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK }

    /// - Returns: nil when the URL has no such part.
    func part(_ part: CURLUPart) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &value, 0) == CURLUE_OK, let value else { return nil }
        defer { curl_free(value) }
        return String(cString: value)
    }
}

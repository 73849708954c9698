import CCurl

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

    /// Parsed by libcurl, as it is when it is sent. User information and fragments are left out.
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
            // An address with a zone means something on one machine only.
            parser.part(CURLUPART_ZONEID) == nil
        else { return nil }
        let port = parser.part(CURLUPART_PORT).map { ":\($0)" } ?? ""
        let query = parser.part(CURLUPART_QUERY).map { "?\($0)" } ?? ""
        self.init(scheme: scheme, authority: host + port, target: path + query)
    }

    /// Whether it has no spaces or control characters and, with a scheme, two slashes behind that:
    /// libcurl reads one or three as if they were two.
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

    /// What a reference in an answer from this URL points to. libcurl resolves it, and keeps a query
    /// as it is.
    ///
    /// - Returns: nil when it is not a reference to http or https.
    /// - Spec: RFC 3986, section 5.
    func resolving(_ reference: String) -> HTTPURL? {
        let reference = String(reference.prefix { $0 != "#" })
        guard HTTPURL.isPlain(reference) else { return nil }
        // libcurl drops the last part of the path here.
        if reference.isEmpty { return self }
        guard let parser = URLParser(), parser.set(text), parser.set(reference) else { return nil }
        return HTTPURL(parser)
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

/// libcurl's parser of URLs.
private struct URLParser: ~Copyable {
    private let handle: OpaquePointer

    /// - Returns: nil when there is no memory.
    init?() {
        guard let handle = curl_url() else { return nil }
        self.handle = handle
    }

    deinit {
        curl_url_cleanup(handle)
    }

    /// Parses a URL; or, when there is one already, resolves a reference against it.
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

@testable import Registry

@Sendable func checkChallenge(_ input: [UInt8]) throws {
    let values = parts(of: input, 2).map(text)
    let challenges = Challenge.parse(values)
    try expect(
        challenges == values.flatMap { Challenge.parse([$0]) }, "one header does not end another")
    for challenge in challenges {
        try expect(!challenge.scheme.isEmpty, "a challenge without a scheme")
        // Quoted text may be anything.
        let written = challenge.parameters.sorted { $0.key < $1.key }.map { name, value in
            // By bytes: in a String, a quote with an accent is another character.
            let special = Array("\\\"".utf8)
            let escaped = value.utf8.flatMap { special.contains($0) ? [special[0], $0] : [$0] }
            return "\(name)=\"\(text(escaped))\""
        }
        let header = "\(challenge.scheme) \(written.joined(separator: ", "))"
        try expect(Challenge.parse([header]) == [challenge], "written and read: \(header)")
        if let realm = challenge.parameters["realm"], let url = HTTPURL(realm) {
            try checkURL(url)
        }
    }
}

@Sendable func checkHeaders(_ input: [UInt8]) throws {
    let value = text(input)
    if let count = HeaderValue.uploadedByteCount(value) { try expect(count >= 0, "a count") }
    if let range = HeaderValue.contentRange(value) {
        try expect(range.first >= 0 && range.first <= range.last, "a range: \(range)")
        try expect(range.total.map { $0 > range.last } ?? true, "a range: \(range)")
    }
    if let delay = HeaderValue.retryAfter(value, now: 1_700_000_000) {
        try expect(delay >= .zero, "a delay: \(delay)")
    }
    for warning in HeaderValue.warnings([value]) {
        try expect(warning.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character")
    }
    if let reason = ErrorBody.reason(input) {
        try expect(reason.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character")
        try expect(reason.count <= ErrorBody.lengthLimit + 1, "a long reason")
    }
    if let url = HTTPURL(value) { try checkURL(url) }
    let base = HTTPURL(scheme: "https", authority: "registry.test:5000", target: "/v2/a/?_state=x")
    var locations = [value]
    switch HeaderValue.nextPage([value]) {
    case .none: break
    case .target(let target): locations.append(target)
    case .unreadable:
        try expect(!value.isEmpty, "nothing that cannot be read")
    }
    try checkPolicy(value)
    for location in locations {
        guard let url = base.resolving(location) else { continue }
        try checkURL(url)
        let kept = url.keepingTLS(of: base)
        if kept.hostAndPort.hasPrefix("registry.test:5000") {
            try expect(kept.scheme == "https" || url.origin != base.origin, "TLS is lost")
        }
    }
}

/// No URL in an answer leads from TLS to plain HTTP, or takes credentials to another origin.
private func checkPolicy(_ reference: String) throws {
    let base = HTTPURL(scheme: "https", authority: "registry.test:5000", target: "/v2/a/?_state=x")
    let policy = RequestPolicy(allowsPlainHTTP: false)
    let request = HTTPRequest("GET", base).authorized(by: "Basic c2VjcmV0")
    do throws(TransportFailure) {
        let target = try policy.target(of: reference, from: base, "a link")
        let next = try policy.redirected(request, to: target)
        let isHome = target.origin == base.origin
        let hasSecret = next.headers["Authorization"] != nil
        if target.scheme != "https" || hasSecret != isHome || next.unsendablePart != nil {
            throw TransportFailure.broken("\(target)")
        }
    } catch .violation {
        return
    } catch {
        try expect(false, "where the policy lets it go: \(error)")
    }
}

private func checkURL(_ url: HTTPURL) throws {
    try expect(url.scheme == "http" || url.scheme == "https", "a scheme: \(url)")
    try expect(
        url.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "what would end a line: \(url)")
    try expect(!url.authority.isEmpty && !url.authority.contains("@"), "an authority: \(url)")
    try expect(url.target.hasPrefix("/"), "a path: \(url)")
    try expect(HTTPURL(url.text) == url, "written and read: \(url)")
    try expect(url.resolving("") == url, "its own base: \(url)")
    let longer = url.appendingQuery("digest", "sha256:0/?&")
    try expect(longer.target.hasPrefix(url.target), "a query that is added to: \(longer)")
    try expect(HTTPURL(longer.text) == longer, "a query that is added: \(longer)")
    _ = url.redacted
}

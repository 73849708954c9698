import Glibc
import JSON

/// `[docker://]HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]`, with Docker's defaults filled in.
public struct RegistryReference: Hashable, Sendable, CustomStringConvertible {
    /// Host and port as written; `docker.io` without one.
    public let host: String
    public let repository: String
    /// nil when the reference has only a digest.
    public let tag: String?
    public let digest: Digest?

    public init(host: String, repository: String, tag: String?, digest: Digest?) {
        self.host = host
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    public init(_ text: String) throws(ReferenceError) {
        var rest = Substring(text)
        if rest.hasPrefix("docker://") { rest = rest.dropFirst("docker://".count) }
        try checkForm(of: rest, in: text)
        let (beforeDigest, digest) = try splitDigest(rest, of: text)
        self.digest = digest
        rest = beforeDigest

        var tag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        if let tag, !isTag(tag) { throw ReferenceError(text, "not a tag: \(quotedPart(tag))") }
        self.tag = tag ?? (digest == nil ? "latest" : nil)
        var components = rest.split(separator: "/", omittingEmptySubsequences: false)
        if components.count > 1, let first = components.first,
            isHostLike(first)
        {
            guard isHost(first) else {
                throw ReferenceError(text, "not a registry host: \(quotedPart(first))")
            }
            host = first == "index.docker.io" ? "docker.io" : String(first)
            components.removeFirst()
        } else {
            host = "docker.io"
        }
        if host == "docker.io", components.count == 1 { components.insert("library", at: 0) }
        guard !components.contains(where: { !isRepositoryComponent($0) }) else {
            let hint = rest.contains(where: \.isUppercase) ? "; it has only small letters" : ""
            throw ReferenceError(text, "not a repository name: \(quotedPart(rest))\(hint)")
        }
        repository = components.joined(separator: "/")
        guard repository.utf8.count <= 255 else {
            throw ReferenceError(text, "a repository name of more than 255 characters")
        }
    }

    public var description: String {
        "\(host)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// Whether a text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    ///
    /// - Spec: distribution-spec v1.1, Pulling manifests.
    public static func isTagName(_ text: String) -> Bool { isTag(text) }

    /// `host/repository`, without tag and digest.
    public var repositoryName: String { "\(host)/\(repository)" }

    /// Whether the registry is on this machine, and so is tried over plain HTTP.
    public var isLoopback: Bool {
        var name = Substring(host)
        if name.hasPrefix("[") {
            name = name.dropFirst().prefix { $0 != "]" }
        } else {
            name = name.prefix { $0 != ":" }
        }
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        if let address = IPv6Address(name) { return address.isLoopback }
        return IPv4Address(name)?.isLoopback ?? false
    }
}

/// Whether the first part of a name with slashes is a host and not a part of the repository.
func isHostLike(_ text: some StringProtocol) -> Bool {
    text.contains(".") || text.contains(":") || text == "localhost"
        || text.contains(where: \.isUppercase)
}

/// Refuses what users write in place of a reference, each with advice.
private func checkForm(of rest: Substring, in text: String) throws(ReferenceError) {
    if let hidden = text.hidingUserInfo {
        throw ReferenceError(
            hidden, "a user and password are not part of it; 'ocinoco login' stores them")
    }
    if let scheme = rest.firstRange(of: "://") {
        throw ReferenceError(text, "leave out \(quotedPart(rest[..<scheme.upperBound]))")
    }
    if rest.hasPrefix("/") || rest.hasPrefix("./") || rest.hasPrefix("../") {
        throw ReferenceError(text, "it looks like a path; a layout is written oci:DIR")
    }
    if rest.utf8.count == 64, rest.utf8.allSatisfy(\.isHexadecimal) {
        throw ReferenceError(
            text,
            "64 hexadecimal digits, which Docker takes for an image's ID; "
                + "a digest is written REPOSITORY@sha256:DIGITS")
    }
    guard Digest(rest) == nil else {
        throw ReferenceError(text, "a digest alone; it is written REPOSITORY@DIGEST")
    }
}

extension String {
    /// The text with `***` for the `USER:PASSWORD` in front of a host, as in a URL; nil without it.
    public var hidingUserInfo: String? {
        let scheme = firstRange(of: "://")
        let authority = self[(scheme?.upperBound ?? startIndex)...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") else {
            return nil
        }
        let host = authority[authority.index(after: at)...]
        // A digest or tag may follow an `@`, but no slash and no host.
        let isHost = isHostLike(host) && !host.hasPrefix("sha")
        guard scheme != nil || isHost || authority.endIndex != endIndex else { return nil }
        return replacing(authority[..<at], with: "***", maxReplacements: 1)
    }
}

func quotedPart(_ text: some StringProtocol) -> String { "'\(text.prefix(100))'" }

func splitDigest(
    _ text: Substring, of whole: String
) throws(ReferenceError) -> (Substring, Digest?) {
    guard let at = text.lastIndex(of: "@") else { return (text, nil) }
    let digestText = text[text.index(after: at)...]
    guard let digest = Digest(digestText) else {
        throw ReferenceError(whole, "not a sha256 or sha512 digest: \(quotedPart(digestText))")
    }
    return (text[..<at], digest)
}

private func isSmallAlphanumeric(_ byte: UInt8) -> Bool { byte.isSmallLetter || byte.isDigit }

/// A tag of the distribution spec: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
func isTag(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, first.isAlphanumeric || first == UInt8(ascii: "_") else {
        return false
    }
    return text.utf8.count <= 128
        && text.utf8.allSatisfy { $0.isAlphanumeric || "_.-".utf8.contains($0) }
}

/// One component of a repository name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
private func isRepositoryComponent(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, isSmallAlphanumeric(first),
        isSmallAlphanumeric(last)
    else { return false }
    let separators = bytes.split(whereSeparator: isSmallAlphanumeric)
    return separators.allSatisfy {
        $0.elementsEqual(".".utf8) || $0.elementsEqual("_".utf8) || $0.elementsEqual("__".utf8)
            || $0.allSatisfy { $0 == UInt8(ascii: "-") }
    }
}

/// An IPv6 address, without brackets and zone. As in Docker's grammar of references, the form that
/// ends with an IPv4 address is not accepted.
///
/// - Spec: RFC 4291, section 2.2.
private struct IPv6Address {
    private let bytes: [UInt8]

    init?(_ text: Substring) {
        var address = in6_addr()
        guard !text.contains("."), inet_pton(AF_INET6, String(text), &address) == 1 else {
            return nil
        }
        bytes = withUnsafeBytes(of: &address) { Array($0) }
    }

    /// Whether it is `::1`, in any spelling.
    var isLoopback: Bool { bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 } }
}

/// An IPv4 address of four decimal numbers.
private struct IPv4Address {
    private let bytes: [UInt8]

    init?(_ text: Substring) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        bytes = labels.compactMap { label in
            let isOctal = label.first == "0" && label != "0"
            return label.utf8.allSatisfy(\.isDigit) && !isOctal ? UInt8(label) : nil
        }
        guard labels.count == 4, bytes.count == 4 else { return nil }
    }

    var isLoopback: Bool { bytes.first == 127 }

    /// Whether a host is meant as an address, because its last label is a number. Resolvers read
    /// other forms in different ways: `127.1`, `0x7f000001`, octal numbers.
    ///
    /// - Spec: WHATWG URL, "Host parsing", ends-in-a-number checker.
    static func isMeant(by labels: [Substring]) -> Bool {
        guard let last = labels.last else { return false }
        if last.utf8.allSatisfy(\.isDigit) { return true }
        return last.lowercased().hasPrefix("0x")
            && last.utf8.dropFirst(2).allSatisfy(\.isHexadecimal)
    }
}

/// A host name, IPv4 address or bracketed IPv6 address, with an optional port.
private func isHost(_ text: some StringProtocol) -> Bool {
    var name = Substring(text)
    if name.hasPrefix("[") {
        guard let end = name.firstIndex(of: "]") else { return false }
        let address = name[name.index(after: name.startIndex)..<end]
        guard IPv6Address(address) != nil else { return false }
        name = name[name.index(after: end)...]
        return name.isEmpty || (name.hasPrefix(":") && isPort(name.dropFirst()))
    }
    if let colon = name.firstIndex(of: ":") {
        guard isPort(name[name.index(after: colon)...]) else { return false }
        name = name[..<colon]
    }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard !IPv4Address.isMeant(by: labels) else { return IPv4Address(name) != nil }
    return labels.allSatisfy { label in
        guard let first = label.utf8.first, let last = label.utf8.last else { return false }
        return first.isAlphanumeric && last.isAlphanumeric
            && label.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") }
    }
}

private func isPort(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy(\.isDigit) && UInt16(text) != nil
}

import JSON

/// `DIR[:NAME][@DIGEST]`, the part after `oci:`.
///
/// A name may be a whole reference, such as `docker.io/library/app:1`. In an ambiguous text, the
/// directory ends at the first colon, unless a slash follows later and the text before it is not a
/// host: then it ends at the last colon. `DIR/:NAME` is unambiguous.
///
/// - Spec: image-spec v1.1.1, annotations.md, `org.opencontainers.image.ref.name`.
public struct LayoutReference: Hashable, Sendable, CustomStringConvertible {
    /// As written, without the slash before the colon of a name.
    public let directory: String
    public let tag: String?
    public let digest: Digest?

    public init(directory: String, tag: String?, digest: Digest?) {
        self.directory = directory
        self.tag = tag
        self.digest = digest
    }

    public init(_ text: String) throws(ReferenceError) {
        let whole = "oci:" + text
        var rest = Substring(text)
        var digest: Digest?
        if let at = rest.lastIndex(of: "@"), !rest[at...].contains("/"), rest[at...].contains(":") {
            let candidate = rest[rest.index(after: at)...]
            if candidate.hasPrefix("sha256:") || candidate.hasPrefix("sha512:") {
                (rest, digest) = try splitDigest(rest, of: whole)
            }
        }
        let parts = LayoutReference.split(rest)
        if let tag = parts.tag, !LayoutReference.isName(tag) {
            throw ReferenceError(whole, "not a tag: \(quotedPart(tag))")
        }
        guard !parts.directory.isEmpty else { throw ReferenceError(whole, "no directory") }
        directory = String(parts.directory)
        tag = parts.tag.map { String($0) }
        self.digest = digest
    }

    public var description: String {
        let suffix = digest.map { "@\($0)" } ?? ""
        guard let tag else { return "oci:\(directory)\(suffix)" }
        let text = "\(directory):\(tag)"
        let parts = LayoutReference.split(Substring(text))
        let isPlain = parts.directory == directory && parts.tag.map { String($0) } == tag
        return "oci:" + (isPlain ? text : "\(directory)/:\(tag)") + suffix
    }

    /// Resolves an ambiguous text by the directory that is a layout.
    ///
    /// - Parameter isLayout: whether a directory is a layout.
    public func resolved(_ isLayout: (String) -> Bool) -> LayoutReference {
        guard !isLayout(directory) else { return self }
        let text = tag.map { "\(directory):\($0)" } ?? directory
        if tag != nil, isLayout(text) {
            return LayoutReference(directory: text, tag: nil, digest: digest)
        }
        for colon in text.indices where text[colon] == ":" && colon != text.startIndex {
            let (before, after) = (text[..<colon], text[text.index(after: colon)...])
            if LayoutReference.isName(after), isLayout(String(before)) {
                return LayoutReference(
                    directory: String(before), tag: String(after), digest: digest)
            }
        }
        return self
    }

    private static func split(_ text: Substring) -> (directory: Substring, tag: Substring?) {
        if let end = text.firstRange(of: "/:") {
            let directory = text[..<end.lowerBound]
            return (directory.isEmpty ? text.prefix(1) : directory, text[end.upperBound...])
        }
        guard let first = text.firstIndex(of: ":"), let last = text.lastIndex(of: ":") else {
            return (text, nil)
        }
        let name = text[text.index(after: first)...]
        guard let slash = name.firstIndex(of: "/") else { return (text[..<first], name) }
        if isHostLike(name[..<slash]), isName(name) { return (text[..<first], name) }
        // A path with a colon in it.
        if text[last...].contains("/") { return (text, nil) }
        return (text[..<last], text[text.index(after: last)...])
    }

    /// Whether it is a name by annotations.md, or a tag.
    private static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, first.isAlphanumeric else { return isTag(text) }
        return text.utf8.count <= 512 && !text.hasSuffix("/")
            && text.utf8.allSatisfy { $0.isAlphanumeric || "-._+@:/".utf8.contains($0) }
    }
}

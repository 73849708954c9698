/// The name of an image, or of a place to store it.
///
/// - Spec: docs/design.md, "References"; Docker's reference grammar.
public enum Reference: Hashable, Sendable, CustomStringConvertible {
    case registry(RegistryReference)
    case layout(LayoutReference)
    /// The image without layers.
    case scratch

    /// - Throws: `ReferenceError` with the problem.
    public init(_ text: String) throws(ReferenceError) {
        if text == "scratch" {
            self = .scratch
        } else if text.hasPrefix("oci:") {
            self = .layout(try LayoutReference(String(text.dropFirst(4))))
        } else if let hint = Reference.hint(for: text) {
            throw ReferenceError(text, hint)
        } else {
            self = .registry(try RegistryReference(text))
        }
    }

    /// Advice for a transport of another program, as in containers-transports(5).
    private static func hint(for text: String) -> String? {
        func through(_ program: String) -> String {
            "'\(program) save NAME | ocinoco load REF' and 'ocinoco save REF | \(program) load' "
                + "lead there"
        }
        let archive = "'ocinoco load REF <ARCHIVE' and 'ocinoco save REF >ARCHIVE' do that"
        let hints = [
            "docker-daemon:": through("docker"), "containers-storage:": through("podman"),
            "docker-archive:": archive, "oci-archive:": archive,
        ]
        if let hint = hints.first(where: { text.hasPrefix($0.key) }) { return hint.value }
        // `dir:1` is also the name of an image and its tag; a path is not.
        let layout = "a layout is written oci:DIR"
        let copy = "'skopeo copy' makes a layout of it, which is written oci:DIR"
        let paths = [
            "oci-layout:": layout, "file:": layout, "dir:": copy, "ostree:": copy, "sif:": copy,
            "tarball:": copy,
        ]
        return paths.first { text.hasPrefix($0.key + "/") || text.hasPrefix($0.key + ".") }?.value
    }

    public var description: String {
        switch self {
        case .registry(let reference): reference.description
        case .layout(let reference): reference.description
        case .scratch: "scratch"
        }
    }

    public var tag: String? {
        switch self {
        case .registry(let reference): reference.tag
        case .layout(let reference): reference.tag
        case .scratch: nil
        }
    }

    public var digest: Digest? {
        switch self {
        case .registry(let reference): reference.digest
        case .layout(let reference): reference.digest
        case .scratch: nil
        }
    }

    /// The same reference with another digest or without one.
    public func withDigest(_ digest: Digest?) -> Reference {
        switch self {
        case .registry(let reference):
            .registry(
                RegistryReference(
                    host: reference.host, repository: reference.repository, tag: reference.tag,
                    digest: digest))
        case .layout(let reference):
            .layout(
                LayoutReference(
                    directory: reference.directory, tag: reference.tag, digest: digest))
        case .scratch: .scratch
        }
    }
}

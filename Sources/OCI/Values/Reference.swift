/// What the user calls an image or a place for it.
///
/// - Spec: the design's "References"; Docker's reference grammar.
public enum Reference: Hashable, Sendable, CustomStringConvertible {
    case registry(RegistryReference)
    case layout(LayoutReference)
    /// The image without layers.
    case scratch

    /// - Throws: `ReferenceError` with what is wrong.
    public init(_ text: String) throws(ReferenceError) {
        if text == "scratch" {
            self = .scratch
        } else if text.hasPrefix("oci:") {
            self = .layout(try LayoutReference(String(text.dropFirst(4))))
        } else {
            self = .registry(try RegistryReference(text))
        }
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

    /// The same tag, or place, at another digest or at none.
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

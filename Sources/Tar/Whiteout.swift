/// A deletion of files in the layers below.
///
/// - Spec: image-spec v1.1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
public enum Whiteout: Hashable, Sendable {
    /// The file or directory of this name in the whiteout's directory.
    case sibling([UInt8])
    /// All contents of the whiteout's directory.
    case opaque

    @usableFromInline static let prefix = Array(".wh.".utf8)
    @usableFromInline static let opaqueName = Array(".wh..wh..opq".utf8)

    /// Reads the name of an entry.
    ///
    /// - Returns: nil when it is not the name of a whiteout (`isName`), or of one that deletes nothing:
    ///   a bare `.wh.`, or a name reserved by other tools (`.wh..wh.*`).
    public init?(_ name: some Collection<UInt8>) {
        guard Whiteout.isName(name) else { return nil }
        if name.elementsEqual(Whiteout.opaqueName) {
            self = .opaque
            return
        }
        let sibling = Array(name.dropFirst(Whiteout.prefix.count))
        guard !sibling.isEmpty, !Whiteout.isName(sibling), sibling != Array(".".utf8),
            sibling != Array("..".utf8)
        else { return nil }
        self = .sibling(sibling)
    }

    /// The name of the entry.
    public var name: [UInt8] {
        switch self {
        case .sibling(let name): Whiteout.prefix + name
        case .opaque: Whiteout.opaqueName
        }
    }

    /// Whether a name is that of a whiteout, well-formed or not.
    @inlinable
    public static func isName(_ name: some Sequence<UInt8>) -> Bool { name.starts(with: prefix) }

    /// Whether a component of a path is named like a whiteout.
    package static func isInPath(_ path: ArraySlice<UInt8>) -> Bool {
        var rest = path
        while !isName(rest) {
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return false }
            rest = rest[(slash + 1)...]
        }
        return true
    }

    /// Whether a path is one of the metadata files of aufs, which old tools have packed:
    /// `.wh..wh.aufs`, `.wh..wh.plnk/…`, `.wh..wh.orph/…`.
    @inlinable
    package static func isUnionMetadata(_ path: some Collection<UInt8>) -> Bool {
        guard isName(path), isName(path.dropFirst(prefix.count)) else { return false }
        return !path.elementsEqual(opaqueName)
    }
}

import ByteStream

/// A path of the image, resolved through the symbolic links of its base as the kernel does.
public struct BasePath {
    /// The maximum number of links on a path, as in the kernel.
    private static let linkLimit = 40
    private static let slash = UInt8(ascii: "/")
    /// The maximum number of bytes of a path and of a link's target, as in the kernel.
    private static let byteLimit = 4095

    /// The meaning of `..` in the root of the image.
    public enum RootParent: Sendable {
        /// The root itself, as in the kernel for a process in the image.
        case root
        /// An error: the author of the link or path meant another directory.
        case refused
    }

    /// The resolved components: no link of the base, `.` or `..`.
    public let components: [[UInt8]]
    /// The base's entry there; nil when it has none, and for the root.
    public let entry: TarEntry?

    /// The components, joined by slashes; empty for the root.
    public var bytes: [UInt8] { Path(joining: components).bytes }

    /// Whether a directory exists there or can be created.
    var mayBeDirectory: Bool { entry.map { $0.kind == .directory } ?? true }

    /// Follows a path, its last component too.
    ///
    /// - Parameter text: relative to the root of the image; slashes at its ends are ignored.
    /// - Throws: `TarError.overBase` when a component is not a directory, `.unsupported` for links
    ///   that lead in a circle or, if that is refused, out of the root; what the base throws.
    /// - Spec: POSIX.1-2017, base definitions 4.13, "Pathname Resolution".
    public init(
        _ text: [UInt8], in base: any LayerBase, rootParent: RootParent
    ) throws(TarError) {
        var components: [[UInt8]] = []
        var rest = BasePath.split(text[...])
        var entry: TarEntry?
        var links = 0
        while let name = rest.popLast() {
            if let entry, entry.kind != .directory {
                throw .overBase(
                    path: Path(text), base: Path(joining: components), isDirectory: true)
            }
            if name.elementsEqual("..".utf8) {
                guard components.popLast() != nil || rootParent == .root else {
                    throw .unsupported(
                        path: Path(text), "a link of the base leads out of its root")
                }
                entry = nil
                continue
            }
            let path = Path(joining: components + [name]).bytes
            let found = try base.entry(at: path)
            guard max(path.count, found?.linkTarget.count ?? 0) <= BasePath.byteLimit else {
                throw .unsupported(
                    path: Path(text), "the links of the base lead to a path that is too long")
            }
            guard let found, found.kind == .symbolicLink else {
                components.append(name)
                entry = found
                continue
            }
            links += 1
            guard links <= BasePath.linkLimit else {
                throw .unsupported(path: Path(text), "the links of the base lead in a circle")
            }
            if found.linkTarget.first == BasePath.slash { components = [] }
            rest += BasePath.split(found.linkTarget[...])
            entry = nil
        }
        if entry == nil, !components.isEmpty {
            entry = try base.entry(at: Path(joining: components).bytes)
        }
        self.components = components
        self.entry = entry
    }

    /// The components in reverse order, without `.`.
    private static func split(_ path: ArraySlice<UInt8>) -> [[UInt8]] {
        path.split(separator: slash).map(Array.init).filter { !$0.elementsEqual(".".utf8) }
            .reversed()
    }
}

import ByteStream

/// A path of the image, resolved through the symbolic links of its base as the kernel does.
public struct BasePath {
    /// The most links that a path may lead through, as in the kernel.
    private static let linkLimit = 40
    private static let slash = UInt8(ascii: "/")
    /// Bytes that a path and the target of a link have at most, as in the kernel.
    private static let byteLimit = 4095

    /// The meaning of `..` in the root of the image.
    public enum RootParent: Sendable {
        /// The root, as the kernel has it for a process in the image.
        case root
        /// An error: who wrote the link or the path meant something else.
        case refused
    }

    /// None of them is a link of the base, `.` or `..`.
    public let components: [[UInt8]]
    /// The base's entry there; nil when it has none, and for the root.
    public let entry: TarEntry?

    /// With slashes between the components; empty for the root.
    public var bytes: [UInt8] { BasePath.joined(components) }

    /// Whether a directory can be made there or is there already.
    var mayBeDirectory: Bool { entry.map { $0.kind == .directory } ?? true }

    /// Follows a path, its last component too.
    ///
    /// - Parameter text: from the root of the image; slashes at its ends mean nothing.
    /// - Throws: `TarError.overBase` when something that is no directory is on the way,
    ///   `.unsupported` for links that lead in a circle or, if that is refused, out of the root;
    ///   what the base throws.
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
                    path: Path(text), base: Path(BasePath.joined(components)), isDirectory: true)
            }
            if name.elementsEqual("..".utf8) {
                guard components.popLast() != nil || rootParent == .root else {
                    throw .unsupported(
                        path: Path(text), "a link of the base leads out of its root")
                }
                entry = nil
                continue
            }
            let path = BasePath.joined(components + [name])
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
            entry = try base.entry(at: BasePath.joined(components))
        }
        self.components = components
        self.entry = entry
    }

    /// The last component first, without `.`.
    private static func split(_ path: ArraySlice<UInt8>) -> [[UInt8]] {
        path.split(separator: slash).map(Array.init).filter { !$0.elementsEqual(".".utf8) }
            .reversed()
    }

    private static func joined(_ components: [[UInt8]]) -> [UInt8] {
        Array(components.joined(separator: [slash]))
    }
}

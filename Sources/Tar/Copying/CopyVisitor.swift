import ByteStream
import Glibc

/// Checks every entry against the base before it is written.
final class CopyVisitor: TreeVisitor {
    private let next: any TreeVisitor
    private let base: any LayerBase
    private let tree: UnpackedTree?

    /// The image below the copied entries.
    struct Base {
        let image: any LayerBase
        /// Records the entries for archives that are unpacked over them; nil without archives.
        let tree: UnpackedTree?

        init(_ image: any LayerBase, tree: UnpackedTree?) {
            self.image = image
            self.tree = tree
        }
    }

    init(_ next: any TreeVisitor, over base: Base) {
        self.next = next
        self.base = base.image
        tree = base.tree
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        if let entry = try base.entry(at: Array(path.dropLast())), entry.kind != .directory {
            throw .overBase(
                path: Path(path.dropLast()), base: Path(path.dropLast()), isDirectory: true)
        }
        try tree?.add(
            TarEntry(kind: .directory, path: path, mode: 0o755), atImagePath: path.dropLast())
        try next.visit(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        if try base.entry(at: Array(path))?.kind == .directory {
            throw .overBase(path: Path(path), base: Path(path), isDirectory: false)
        }
        if let tree {
            var entry = TarEntry(kind: .file, path: Array(path), mode: 0o644)
            if type == UInt8(DT_LNK) {
                entry.kind = .symbolicLink
                entry.linkTarget = try directory.linkTarget(of: name)
            }
            try tree.add(entry, atImagePath: Array(path)[...])
        }
        try next.visit(name, type: type, in: directory, path: path)
    }

    static func checkName(_ name: [UInt8], of directory: Path) throws(TarError) {
        if Whiteout.isName(name) { throw .whiteoutName(path: directory.appending(Path(name))) }
    }
}

/// Resolves the paths of a walk through the base before they are written.
final class GuidedVisitor: TreeVisitor {
    private let next: any TreeVisitor
    private let guide: BaseGuide

    init(_ next: any TreeVisitor, _ guide: BaseGuide) {
        self.next = next
        self.guide = guide
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        let resolved = try guide.directory(path)
        // A link of the base may lead to the root, which has no entry.
        guard !resolved.isEmpty, try guide.claim(resolved, isDirectory: true) else {
            return try next.pass(directory, path: path)
        }
        try next.visit(directory, path: resolved)
    }

    func pass(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try next.pass(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        let resolved = try guide.file(Array(path))
        _ = try guide.claim(resolved, isDirectory: false)
        try resolved.withRawBytes { (resolved) throws(TarError) in
            try next.visit(name, type: type, in: directory, path: resolved)
        }
    }
}

import ByteStream

/// What the image holds that a layer goes on top of.
public protocol LayerBase {
    /// What is at a path, none of whose directories is a link; nil when nothing is.
    ///
    /// - Parameter path: components with a slash between them, not empty.
    func entry(at path: [UInt8]) -> TarEntry?
}

/// Leads the paths of a layer through the symbolic links of its base, as the kernel does, and sees to
/// it that nothing becomes another type of file than it was.
final class BaseGuide {
    /// How many links a path may lead through, as in the kernel.
    private static let linkLimit = 40

    private let base: any LayerBase
    /// The directory that was asked for last, and where it leads.
    private var last: (path: [UInt8], led: [UInt8]) = ([], [])
    /// What was written: whether it is a directory.
    private var written: [[UInt8]: Bool] = [:]

    init(_ base: any LayerBase) {
        self.base = base
    }

    /// Where a directory goes.
    ///
    /// - Parameter path: empty for the root, else with or without a slash at its end.
    /// - Returns: in the same form.
    /// - Throws: `TarError.overBase` for something else of that name in the base, `.unsupported` for
    ///   links that lead out of it or in a circle.
    func directory(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var text = path
        if text.last == slash { text.removeLast() }
        if text != last.path { last = (text, try follow(text)) }
        let led = last.led
        return path.last == slash && !led.isEmpty ? led + [slash] : led
    }

    /// Where something that is no directory goes.
    ///
    /// - Throws: as `directory(_:)`; `TarError.overBase` where the base has a directory.
    func file(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let led = try name(path)
        if base.entry(at: led)?.kind == .directory {
            throw .overBase(path: Path(path), base: Path(led), isDirectory: false)
        }
        return led
    }

    /// Where a name goes that is itself not followed and may be of any type.
    func name(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path }
        let parent = try directory(Array(path[..<slash]))
        return parent.isEmpty ? Array(path[(slash + 1)...]) : parent + path[slash...]
    }

    /// The attributes of a directory of the base.
    func attributes(of path: [UInt8]) -> TarEntry? {
        guard let entry = base.entry(at: path), entry.kind == .directory else { return nil }
        return entry
    }

    /// Notes that a path is about to be written.
    ///
    /// - Returns: false for a directory that was written before.
    /// - Throws: `TarError.clash` for anything else that was: two paths lead to the same.
    func claim(_ led: [UInt8], isDirectory: Bool) throws(TarError) -> Bool {
        var path = led
        if path.last == UInt8(ascii: "/") { path.removeLast() }
        guard let wasDirectory = written.updateValue(isDirectory, forKey: path) else { return true }
        guard wasDirectory, isDirectory else {
            throw .unsupported(
                path: Path(path), "two paths lead to it through the links of the base")
        }
        return false
    }

    private func follow(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var led: [[UInt8]] = []
        var rest = Array(path.split(separator: slash).map(Array.init).reversed())
        var links = 0
        while let name = rest.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                guard led.popLast() != nil else {
                    throw .unsupported(
                        path: Path(path), "a link of the base leads out of its root")
                }
                continue
            }
            led.append(name)
            let current = Array(led.joined(separator: [slash]))
            guard let entry = base.entry(at: current), entry.kind != .directory else { continue }
            guard entry.kind == .symbolicLink else {
                throw .overBase(path: Path(path), base: Path(current), isDirectory: true)
            }
            links += 1
            guard links <= BaseGuide.linkLimit else {
                throw .unsupported(path: Path(path), "the links of the base lead in a circle")
            }
            led.removeLast()
            if entry.linkTarget.first == slash { led = [] }
            rest += entry.linkTarget.split(separator: slash).map(Array.init).reversed()
        }
        return Array(led.joined(separator: [slash]))
    }
}

/// Leads what a walk finds through the base, before it is written.
final class GuidedVisitor: TreeVisitor {
    private let next: any TreeVisitor
    private let guide: BaseGuide

    init(_ next: any TreeVisitor, _ guide: BaseGuide) {
        self.next = next
        self.guide = guide
    }

    func visit(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        let led = try guide.directory(path)
        // A link of the base may lead to its root, which has no entry.
        guard !led.isEmpty, try guide.claim(led, isDirectory: true) else {
            return try next.pass(directory, path: path)
        }
        try next.visit(directory, path: led)
    }

    func pass(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        try next.pass(directory, path: path)
    }

    func visit(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        let led = try guide.file(Array(path))
        _ = try guide.claim(led, isDirectory: false)
        try led.withRawBytes { (led) throws(TarError) in
            try next.visit(name, type: type, in: directory, path: led)
        }
    }
}

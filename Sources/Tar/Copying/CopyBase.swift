import ByteStream
import CSystem
import Glibc

/// What an image holds below the layer that a copy makes.
public protocol CopyBase {
    /// What is at a path, links not followed; nil for nothing.
    ///
    /// - Parameter path: without slashes at its ends; not empty.
    func node(at path: [UInt8]) throws(TarError) -> BaseNode?

    /// The bytes of a small file that a path leads to, links followed; nil when it is not there or
    /// not known.
    func contents(of path: Path) throws(TarError) -> [UInt8]?
}

extension CopyBase {
    /// The path that another one leads to by the base's links.
    public func resolved(_ path: [UInt8]) throws(TarError) -> [UInt8] {
        Array(
            try CopyDestination(path, in: self).components.joined(separator: [UInt8(ascii: "/")]))
    }
}

/// What stands at a path of the base, as far as a copy needs to know.
public enum BaseNode: Hashable, Sendable {
    case directory
    case symbolicLink(target: [UInt8])
    /// A file, or anything else that has no contents of its own.
    case other
}

/// A base of which nothing is known: links are not followed, and every directory is made.
public struct EmptyBase: CopyBase {
    public init() {}

    public func node(at path: [UInt8]) -> BaseNode? { nil }

    public func contents(of path: Path) -> [UInt8]? { nil }
}

/// A base that is unpacked in a directory.
public final class DirectoryBase: CopyBase {
    /// The most that `contents` reads.
    private static let contentsByteLimit = 10 << 20

    private let root: OpenDirectory
    private let confined: ConfinedRoot

    /// - Throws: `TarError.open`.
    public init(_ path: Path) throws(TarError) {
        root = try path.withCString { (name) throws(TarError) in
            try OpenDirectory(name, path: path, followingLinks: true)
        }
        do {
            confined = try ConfinedRoot(path)
        } catch {
            throw .open(path: path, error)
        }
    }

    public func contents(of path: Path) throws(TarError) -> [UInt8]? {
        let file: OwnedDescriptor
        do throws(Errno) {
            file = try confined.open(path, flags: O_RDONLY | O_NONBLOCK)
        } catch {
            if error == .noEntry { return nil }
            throw .open(path: root.path.appending(path), error)
        }
        defer { withExtendedLifetime(file) {} }
        let shown = root.path.appending(path)
        do throws(StreamError) {
            let input = InputStream(file.descriptor, path: shown)
            guard let bytes = try input.readAll(limit: DirectoryBase.contentsByteLimit) else {
                throw StreamError.tooLarge(path: shown, limit: DirectoryBase.contentsByteLimit)
            }
            return bytes
        } catch {
            throw .stream(error)
        }
    }

    /// - Parameter path: none of its directories is a link, as `CopyDestination` asks.
    public func node(at path: [UInt8]) throws(TarError) -> BaseNode? {
        let status: stat
        do {
            status = try Path(path).withCString { (name) throws(TarError) in
                try OpenDirectory.status(name, in: root)
            }
        } catch {
            if case .open(_, let errno) = error, errno == .noEntry || errno == .notDirectory {
                return nil
            }
            throw error
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFLNK: return .symbolicLink(target: try target(of: Path(path)))
        default: return .other
        }
    }

    private func target(of path: Path) throws(TarError) -> [UInt8] {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        do {
            let count = try path.withCString { (name) throws(Errno) in
                try retryingInterrupts {
                    readlinkat(root.descriptor, name, &target, target.count)
                }
            }
            return target[..<count].map { UInt8(bitPattern: $0) }
        } catch {
            throw .read(path: root.path.appending(path), error)
        }
    }
}

/// Where a copy goes, once the base's symbolic links are followed.
struct CopyDestination {
    /// How many links one path may lead through, as the kernel has it.
    private static let linkLimit = 40

    /// Of the image, none of them a link of the base, `.` or `..`.
    let components: [[UInt8]]
    /// What stands there now.
    let node: BaseNode?
    /// Whether it was written with a slash at its end, or as `.`.
    let isDirectory: Bool

    /// - Parameter text: absolute in the image.
    /// - Throws: `TarError.unsupported` for too many links; what the base throws.
    init(_ text: [UInt8], in base: any CopyBase) throws(TarError) {
        let slash = UInt8(ascii: "/")
        var components: [[UInt8]] = []
        var rest = CopyDestination.split(text).reversed() as [[UInt8]]
        var node: BaseNode? = .directory
        var links = 0
        while let name = rest.popLast() {
            if name.elementsEqual("..".utf8) {
                _ = components.popLast()
                node = .directory
                continue
            }
            let path = Array((components + [name]).joined(separator: [slash]))
            node = try base.node(at: path)
            guard case .symbolicLink(let target) = node else {
                components.append(name)
                continue
            }
            links += 1
            if links > CopyDestination.linkLimit {
                throw .unsupported(path: Path(text), "too many symbolic links on the way")
            }
            if target.first == slash { components = [] }
            rest += CopyDestination.split(target).reversed()
            node = .directory
        }
        self.components = components
        self.node = components.isEmpty ? .directory : node
        let last = text.lastIndex(of: slash).map { text[($0 + 1)...] } ?? text[...]
        isDirectory = last.isEmpty || last.elementsEqual(".".utf8) || components.isEmpty
    }

    private static func split(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init)
            .filter { !$0.elementsEqual(".".utf8) }
    }
}

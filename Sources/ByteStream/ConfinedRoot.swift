import CSystem
import Glibc

/// A directory as a root: every opened file is inside it, whatever a path and its symbolic links
/// contain.
///
/// Absolute links begin at the directory, and `..` in it is the directory itself, as in a chroot.
///
/// - Spec: openat2(2), `RESOLVE_IN_ROOT`.
public final class ConfinedRoot {
    /// Opened with `O_PATH`; owned.
    public let directory: OwnedDescriptor
    /// Whether the kernel resolves paths, or this type does, one component at a time.
    private var usesKernel: Bool
    /// Whether the directories on the last path stay open for the next one, which then costs only
    /// the components that differ. For paths in order, while nothing is renamed.
    public var keepsTrail = false {
        didSet { trail.closeAll() }
    }
    /// The directories on the last path, when they stay open.
    private var trail: Trail

    /// The maximum number of links on a path, as in the kernel.
    private static let linkLimit = 40

    /// - Parameter usesKernel: whether openat2(2) is used, if the kernel has it.
    /// - Throws: the `Errno` of open(2).
    public init(_ path: Path, usesKernel: Bool = true) throws(Errno) {
        self.usesKernel = usesKernel
        directory = try OwnedDescriptor(
            path, flags: system_O_PATH | O_DIRECTORY | O_CLOEXEC)
        trail = Trail(root: directory)
    }

    /// Opens the file at `path`, with `O_CLOEXEC` and never as a controlling terminal.
    ///
    /// - Parameter flags: flags of open(2), without `O_CREAT`.
    /// - Throws: the `Errno` of openat2(2).
    public func open(_ path: Path, flags: CInt) throws(Errno) -> OwnedDescriptor {
        let flags = flags | O_CLOEXEC | (flags & system_O_PATH == 0 ? O_NOCTTY : 0)
        if usesKernel {
            do {
                return try openByKernel(path, flags: flags)
            } catch  where error.rawValue == ENOSYS || error.rawValue == EPERM {
                // Some sandboxes refuse the call with EPERM.
                usesKernel = false
            }
        }
        return try walk(path, flags: flags) { _, _ throws(Errno) in throw .noEntry }.file
    }

    /// The status of the file at `path`, without opening it.
    ///
    /// - Throws: the `Errno` of openat2(2).
    public func status(of path: Path) throws(Errno) -> stat {
        let file = try open(path, flags: system_O_PATH)
        return try withExtendedLifetime(file) { () throws(Errno) in
            try file.descriptor.status()
        }
    }

    /// Opens the directory at `path` with `O_PATH`.
    ///
    /// - Parameter create: creates the missing directory `path`, which has no links in it, in its
    ///   open parent; throws `Errno.noEntry` to create none.
    /// - Returns: the directory, and its path without links; empty for the root.
    public func openDirectory(
        _ path: Path,
        creating create: (_ path: Path, _ parent: OwnedDescriptor) throws(Errno) -> Void
    ) throws(Errno) -> (file: OwnedDescriptor, path: Path) {
        let flags = system_O_PATH | O_DIRECTORY | O_CLOEXEC
        do {
            let file = try open(path, flags: flags)
            if usesKernel, let path = self.path(of: file) { return (file, path) }
        } catch .noEntry {
        }
        return try walk(path, flags: flags, creating: create)
    }

    /// The path of an open file without links; nil when the system does not tell.
    private func path(of file: OwnedDescriptor) -> Path? {
        guard let root = try? directory.realPath().bytes, let path = try? file.realPath().bytes,
            path.starts(with: root), path.first == UInt8(ascii: "/")
        else { return nil }
        let slash = UInt8(ascii: "/")
        let rest = path.dropFirst(root.count)
        guard rest.isEmpty || rest.first == slash || root.last == slash else { return nil }
        return Path(rest.drop { $0 == slash })
    }

    private func openByKernel(_ path: Path, flags: CInt) throws(Errno) -> OwnedDescriptor {
        let resolve = system_RESOLVE_IN_ROOT | system_RESOLVE_NO_MAGICLINKS
        // For the system call, an empty path has another meaning.
        return try (path.isEmpty ? "." : path).withCString { (path) throws(Errno) in
            while true {
                let result = system_openat2(
                    directory.rawValue, path, UInt64(flags), 0, resolve)
                if result >= 0 { return OwnedDescriptor(result) }
                // EAGAIN: a rename at the same time made `..` unreliable.
                let error = Errno.current
                guard error == .interrupted || error == .wouldBlock else { throw error }
            }
        }
    }

    /// Opens one component after another without following links; a link's target replaces it in
    /// the path.
    ///
    /// - Returns: the file, and its path without links.
    private func walk(
        _ path: Path, flags: CInt,
        creating create: (_ path: Path, _ parent: OwnedDescriptor) throws(Errno) -> Void
    ) throws(Errno) -> (file: OwnedDescriptor, path: Path) {
        let components = ConfinedRoot.components(path)
        // The last component is opened with other flags.
        trail.leave(downTo: keepsTrail ? components.dropLast() : [])
        var rest = Array(components.dropFirst(trail.count).reversed())
        defer { if !keepsTrail { trail.closeAll() } }
        var links = 0
        while let name = rest.popLast() {
            if name == ".." {
                trail.leave()
                continue
            }
            let directory = system_O_PATH | O_DIRECTORY | O_CLOEXEC
            do {
                let opened = try Self.open(
                    name, in: trail.current, flags: rest.isEmpty ? flags : directory)
                if rest.isEmpty { return (opened, trail.path.appending(name)) }
                trail.enter(opened, name)
            } catch .noEntry {
                try create(trail.path.appending(name), trail.current)
                rest.append(name)
            } catch  where error == .tooManyLinks || error == .notDirectory {
                guard let target = try Self.link(name, in: trail.current) else { throw error }
                links += 1
                if links > ConfinedRoot.linkLimit { throw .tooManyLinks }
                if target.bytes.first == UInt8(ascii: "/") { trail.closeAll() }
                rest += ConfinedRoot.components(target).reversed()
            }
        }
        return (try Self.open(".", in: trail.current, flags: flags), trail.path)
    }

    /// openat(2) of one component that must not be a link.
    private static func open(
        _ name: Path, in parent: OwnedDescriptor, flags: CInt
    ) throws(Errno) -> OwnedDescriptor {
        try name.withCString { (name) throws(Errno) in
            try OwnedDescriptor(name, in: parent.rawValue, flags: flags | O_NOFOLLOW)
        }
    }

    /// The target of a link; nil when the name is not one.
    private static func link(_ name: Path, in parent: OwnedDescriptor) throws(Errno) -> Path? {
        do {
            return try name.withCString { (name) throws(Errno) in
                try readLink { buffer, size in readlinkat(parent.rawValue, name, buffer, size) }
            }
        } catch  where error.rawValue == EINVAL {
            return nil
        }
    }

    private static func components(_ path: Path) -> [Path] {
        path.bytes.split(separator: UInt8(ascii: "/")).map { Path($0) }.filter { $0 != "." }
    }
}

/// The open directories from the root to the current one: `..` goes back in this list, even when a
/// directory was moved meanwhile.
private struct Trail {
    private let root: OwnedDescriptor
    private var opened: [(directory: OwnedDescriptor, name: Path)] = []
    /// The names, joined by slashes.
    private(set) var path = Path("")

    init(root: OwnedDescriptor) {
        self.root = root
    }

    var current: OwnedDescriptor { opened.last?.directory ?? root }

    var count: Int { opened.count }

    mutating func enter(_ directory: OwnedDescriptor, _ name: Path) {
        opened.append((directory, name))
        if !path.isEmpty { path.bytes.append(UInt8(ascii: "/")) }
        path.bytes += name.bytes
    }

    mutating func leave() {
        guard let last = opened.popLast() else { return }
        path.bytes.removeLast(last.name.bytes.count + (opened.isEmpty ? 0 : 1))
    }

    /// Closes the directories that are not the first ones on a path.
    mutating func leave(downTo names: some Sequence<Path>) {
        let count = zip(opened, names).prefix { $0.name == $1 }.count
        while opened.count > count { leave() }
    }

    mutating func closeAll() {
        opened.removeAll()
        path = Path("")
    }
}

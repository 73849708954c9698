import ByteStream
import CSystem
import Glibc

/// A base that is unpacked in a directory.
public final class DirectoryBase: LayerBase {
    /// The maximum number of bytes that `contents` reads.
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
            if [.noEntry, .notDirectory].contains(error) { return nil }
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

    public func entry(at path: [UInt8]) throws(TarError) -> TarEntry? {
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
        // A layer cannot contain a socket, but a socket can be in the way of an entry.
        let kind = TarEntry.Kind(mode: status.st_mode) ?? .file
        var entry = TarEntry(kind: kind, path: path, mode: status.st_mode & 0o7777)
        entry.uid = UInt64(status.st_uid)
        entry.gid = UInt64(status.st_gid)
        entry.modificationTime = Int64(status.st_mtim.tv_sec)
        if kind == .symbolicLink {
            entry.linkTarget = try Path(path).withCString { (name) throws(TarError) in
                try root.linkTarget(of: name)
            }
        }
        return entry
    }
}

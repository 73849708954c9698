import ByteStream
import Glibc

/// An open directory of the unpacked tree.
final class UnpackedDirectory {
    /// Opened with `O_PATH` or for reading.
    let file: OwnedDescriptor
    /// Its path in entries, possibly through links; empty for the root.
    let path: [UInt8]
    /// Its path without links: another one than `path` when that leads through a link.
    let realPath: [UInt8]
    /// Its status when it was opened.
    let status: stat

    init(_ file: OwnedDescriptor, path: [UInt8], realPath: [UInt8]) throws(TarError) {
        self.file = file
        self.path = path
        self.realPath = realPath
        do {
            status = try file.descriptor.status()
        } catch {
            throw .unpack(path: Path(path), error)
        }
    }

    var descriptor: CInt { file.rawValue }

    /// Whether `path` leads through a symbolic link.
    var isBehindLink: Bool { path != realPath }

    /// The path without links of a name in it.
    func realPath(of name: some Collection<UInt8>) -> [UInt8] {
        realPath.isEmpty ? Array(name) : realPath + [UInt8(ascii: "/")] + name
    }

    /// Whether it is the directory at `path`, which has no links in it, or is in that directory.
    func isInside(_ path: [UInt8]) -> Bool {
        realPath.starts(with: path)
            && (realPath.count == path.count || realPath[path.count] == UInt8(ascii: "/"))
    }

    var identity: FileIdentity { FileIdentity(status) }

    var mode: UInt32 { status.st_mode & 0o7777 }
}

/// The open directories above the current entry, so that entries near each other need no second
/// look-up.
struct DirectoryStack {
    /// The maximum number of open directories.
    private static let limit = 200

    /// Each directory is in the one before it; the first is the root.
    private var directories: [UnpackedDirectory]

    init(root: UnpackedDirectory) {
        directories = [root]
    }

    var root: UnpackedDirectory { directories[0] }

    /// The deepest open directory on `path`; directories off the path are closed.
    mutating func nearest(to path: ArraySlice<UInt8>) -> UnpackedDirectory {
        while let last = directories.last {
            if directories.count == 1 || DirectoryStack.is(path, in: last.path) { return last }
            directories.removeLast()
        }
        return root
    }

    /// Adds a directory that is in the last one.
    mutating func push(_ directory: UnpackedDirectory) {
        directories.append(directory)
        if directories.count > DirectoryStack.limit { directories.remove(at: 1) }
    }

    /// Closes all directories but the root, because names may lead elsewhere from now on.
    mutating func forget() {
        directories.removeSubrange(1...)
    }

    private static func `is`(_ path: ArraySlice<UInt8>, in directory: [UInt8]) -> Bool {
        path.count >= directory.count && path.prefix(directory.count).elementsEqual(directory)
            && (path.count == directory.count
                || path[path.startIndex + directory.count] == UInt8(ascii: "/"))
    }
}

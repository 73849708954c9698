import ByteStream
import CSystem
import Glibc

/// A directory of the tree that is unpacked, open.
final class UnpackedDirectory {
    /// Opened with `O_PATH` or for reading; owned.
    let descriptor: CInt
    /// As entries name it, which may be by links; empty for the root.
    let path: [UInt8]
    let status: stat

    /// - Parameter descriptor: owned from now on.
    init(_ descriptor: CInt, path: [UInt8]) throws(TarError) {
        self.descriptor = descriptor
        self.path = path
        var status = stat()
        let result = fstat(descriptor, &status)
        self.status = status
        if result == -1 { throw .unpack(path: Path(path), Errno.current) }
    }

    deinit {
        close(descriptor)
    }

    var identity: FileIdentity { FileIdentity(status) }

    var modificationTime: timespec { status.st_mtim }
}

/// The directories on the way to the current entry, so that entries that are siblings or close to
/// each other cost no second look-up.
struct DirectoryStack {
    /// The most that are kept open.
    private static let limit = 200

    /// Each is below the one before it; the first is the root.
    private var directories: [UnpackedDirectory]

    init(root: UnpackedDirectory) {
        directories = [root]
    }

    var root: UnpackedDirectory { directories[0] }

    /// The deepest open directory that `path` is or is in; what is beside the path is closed.
    mutating func nearest(to path: ArraySlice<UInt8>) -> UnpackedDirectory {
        while let last = directories.last {
            if directories.count == 1 || DirectoryStack.is(path, in: last.path) { return last }
            directories.removeLast()
        }
        return root
    }

    /// Puts a directory on top that is in the one on top now.
    mutating func push(_ directory: UnpackedDirectory) {
        directories.append(directory)
        if directories.count > DirectoryStack.limit { directories.remove(at: 1) }
    }

    /// Closes all but the root, since names may lead elsewhere from now on.
    mutating func forget() {
        directories.removeSubrange(1...)
    }

    private static func `is`(_ path: ArraySlice<UInt8>, in directory: [UInt8]) -> Bool {
        path.count >= directory.count && path.prefix(directory.count).elementsEqual(directory)
            && (path.count == directory.count
                || path[path.startIndex + directory.count] == UInt8(ascii: "/"))
    }
}

/// What a directory gets when everything is unpacked.
struct DirectoryRecord {
    /// Where it was first seen, or made.
    let path: [UInt8]
    var modificationTime: timespec
    /// When it had to be opened up to work in it.
    var mode: UInt32?
}

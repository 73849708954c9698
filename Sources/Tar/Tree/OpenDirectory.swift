import ByteStream
import CSystem
import Glibc

/// An open directory of the tree; it is closed when the last entry that needs it is done.
package final class OpenDirectory: Sendable {
    private let file: OwnedDescriptor
    /// Its name in messages.
    package let path: Path

    package var descriptor: CInt { file.rawValue }

    /// Opens a directory in another, even if its mode denies that to its owner.
    package init(
        _ name: UnsafePointer<CChar>, in parent: OpenDirectory, path: Path
    ) throws(TarError) {
        self.path = path
        do {
            file = try parent.open(name, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        } catch {
            throw .open(path: path, error)
        }
    }

    /// - Parameters:
    ///   - parent: the open directory that `name` is in; nil means the current one.
    ///   - followingLinks: whether the last component may be a symbolic link.
    package init(
        _ name: UnsafePointer<CChar>, in parent: CInt = AT_FDCWD, path: Path,
        followingLinks: Bool = false
    ) throws(TarError) {
        self.path = path
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (followingLinks ? 0 : O_NOFOLLOW)
        do {
            file = try OwnedDescriptor(name, in: parent, flags: flags)
        } catch {
            throw .open(path: path, error)
        }
    }

    /// Raises the limit of open files of this process, because a deep tree needs one for each
    /// level.
    ///
    /// - Returns: the limit.
    @discardableResult
    package static func raiseLimit() -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        let allowed = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        // When the system refuses, only trees that need more files fail, with an error.
        return Int(clamping: setrlimit(resource, &limit) == 0 ? limit.rlim_cur : allowed)
    }

    /// The target of a symbolic link in this directory.
    ///
    /// - Throws: `TarError.open`.
    package func linkTarget(of name: UnsafePointer<CChar>) throws(TarError) -> [UInt8] {
        do {
            return try readLink { buffer, size in
                reachOnce { readlinkat(descriptor, name, buffer, size) }
            }.bytes
        } catch {
            throw .open(path: path.appending(Path(cString: name)), error)
        }
    }

    package func status() throws(TarError) -> stat {
        var status = stat()
        do {
            try AccessLift.readingModes { fstat(descriptor, &status) }
        } catch {
            throw .read(path: path, error)
        }
        return status
    }
}

/// Input of a walk: a directory, or one name in it.
package enum TreeSource {
    case directory(OpenDirectory)
    case file(name: Path, in: OpenDirectory)
    /// A file under another name.
    case renamed(name: Path, as: Path, in: OpenDirectory)

    /// The directory that the names are in.
    package var owner: OpenDirectory {
        switch self {
        case .directory(let directory), .file(_, let directory), .renamed(_, _, let directory):
            directory
        }
    }
}

/// The names of one directory, or of several that are merged, in byte order.
struct DirectoryListing {
    struct Name {
        /// Offset of the name in `bytes`; a zero byte ends it.
        let offset: UInt32
        /// The offset of the real name in the directory, when the walk uses another name.
        let realOffset: UInt32
        let length: UInt16
        /// One of the `DT_` constants; never `DT_UNKNOWN`.
        let type: UInt8
        /// The index of its merged source.
        let source: UInt32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var names: [Name] = []

    /// Lists and sorts the names.
    ///
    /// - Parameter sources: a later source replaces names of an earlier one.
    /// - Throws: `TarError.list`, `.open`.
    init(_ sources: [TreeSource], buffer: UnsafeMutableRawBufferPointer) throws(TarError) {
        for (index, source) in sources.enumerated() {
            switch source {
            case .directory(let directory):
                try list(directory, source: UInt32(index), buffer: buffer)
            case .file(let name, let directory):
                try add(
                    name.bytes[...], type: UInt8(DT_UNKNOWN), directory, source: UInt32(index))
            case .renamed(let name, let alias, let directory):
                let realOffset = UInt32(bytes.count)
                bytes += name.bytes + [0]
                try add(
                    alias.bytes[...], realOffset: realOffset, type: UInt8(DT_UNKNOWN), directory,
                    source: UInt32(index))
            }
        }
        sort()
    }

    /// Calls `body` with the real name in the directory, as a C string, and the walk's name.
    func withName<Result, E: Error>(
        _ name: Name, _ body: (UnsafePointer<CChar>, UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try bytes.withUnsafeBufferPointer { (buffer) throws(E) in
            let start = UnsafeRawPointer(buffer.baseAddress!)
            return try body(
                (start + Int(name.realOffset)).assumingMemoryBound(to: CChar.self),
                UnsafeRawBufferPointer(
                    start: start + Int(name.offset), count: Int(name.length)))
        }
    }

    private mutating func list(
        _ directory: OpenDirectory, source: UInt32, buffer: UnsafeMutableRawBufferPointer
    ) throws(TarError) {
        while true {
            let count: Int
            do {
                count = try retryingInterrupts {
                    system_getdents64(directory.descriptor, buffer.baseAddress, buffer.count)
                }
            } catch {
                throw .list(path: directory.path, error)
            }
            if count == 0 { return }
            try add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), directory, source: source)
        }
    }

    /// Adds the records of one getdents64(2), except `.` and `..`.
    private mutating func add(
        _ records: UnsafeRawBufferPointer, _ directory: OpenDirectory, source: UInt32
    ) throws(TarError) {
        let nameOffset = 19
        var offset = 0
        while offset < records.count {
            let length = Int(records.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
            let type = records[offset + 18]
            let name = records[(offset + nameOffset)..<(offset + length)].prefix { $0 != 0 }
            offset += length
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
            try add(name, type: type, directory, source: source)
        }
    }

    private mutating func add(
        _ name: some Collection<UInt8>, realOffset: UInt32? = nil, type: UInt8,
        _ directory: OpenDirectory, source: UInt32
    ) throws(TarError) {
        var type = type
        let start = bytes.count
        let realOffset = realOffset ?? UInt32(start)
        bytes.append(contentsOf: name)
        bytes.append(0)
        if type == UInt8(DT_UNKNOWN) {
            type = try bytes.withUnsafeBufferPointer { (buffer) throws(TarError) in
                try OpenDirectory.type(
                    UnsafeRawPointer(buffer.baseAddress! + Int(realOffset))
                        .assumingMemoryBound(to: CChar.self), in: directory)
            }
        }
        names.append(
            Name(
                offset: UInt32(start), realOffset: realOffset, length: UInt16(name.count),
                type: type, source: source))
    }

    private mutating func sort() {
        bytes.withUnsafeBufferPointer { buffer in
            names.sort { left, right in
                let count = Int(min(left.length, right.length))
                let order = memcmp(
                    buffer.baseAddress! + Int(left.offset), buffer.baseAddress! + Int(right.offset),
                    count)
                if order != 0 { return order < 0 }
                if left.length != right.length { return left.length < right.length }
                return left.source < right.source
            }
        }
    }

    /// Whether two names are the same.
    func isSame(_ left: Name, _ right: Name) -> Bool {
        left.length == right.length
            && withName(left) { _, left in
                withName(right) { _, right in left.elementsEqual(right) }
            }
    }
}

extension OpenDirectory {
    /// The `DT_` constant of a name, for file systems that do not report it in the listing.
    static func type(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory
    ) throws(TarError) -> UInt8 {
        // The constants of readdir(3) are those of st_mode, shifted.
        UInt8(truncatingIfNeeded: (try status(name, in: directory).st_mode & S_IFMT) >> 12)
    }

    /// fstatat(2) without following a symbolic link.
    package static func status(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory
    ) throws(TarError) -> stat {
        var status = stat()
        do {
            try AccessLift.readingModes(in: directory.descriptor) {
                fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW)
            }
        } catch {
            throw .open(path: directory.path.appending(Path(cString: name)), error)
        }
        return status
    }
}

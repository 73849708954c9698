import ByteStream
import CSystem
import Glibc

/// The output buffer for encoded entries: the encoder gets room, fills it and accepts it.
protocol EntrySpace {
    /// Free room of at least `count` bytes, which is at most `EntryEncoder.roomLimit`.
    func room(atLeast count: Int) throws(TarError) -> UnsafeMutableRawBufferPointer
    /// Accepts the first `count` bytes of `room` as written.
    func accept(_ count: Int)
}

extension OutputBuffer: EntrySpace {
    func room(atLeast count: Int) throws(TarError) -> UnsafeMutableRawBufferPointer {
        do {
            return try freeSpace(atLeast: count)
        } catch {
            throw .stream(error)
        }
    }

    func accept(_ count: Int) { advance(by: count) }
}

extension EntrySpace {
    /// Appends a copy of `bytes`.
    func put(_ bytes: UnsafeRawBufferPointer) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = try room(atLeast: min(rest.count, tarBlockByteCount))
            let part = rest.prefix(room.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            accept(part.count)
            rest = rest.dropFirst(part.count)
        }
    }

    func put(_ bytes: [UInt8]) throws(TarError) {
        try bytes.withRawBytes { (bytes) throws(TarError) in try put(bytes) }
    }
}

/// How owner, time and attributes of all entries are written.
public struct EntryPolicy: Sendable {
    /// The times that entries get.
    public enum Time: Sendable {
        /// Every entry gets this time.
        case fixed(Int64)
        /// Every entry keeps its own time, but at most `latest`.
        case keep(latest: Int64?)
    }

    public var uid: UInt64 = 0
    public var gid: UInt64 = 0
    public var keepsOwner = false
    public var time = Time.fixed(0)
    /// Whether all extended attributes are kept, or only `security.capability`.
    public var keepsExtendedAttributes = false
    /// Whether a file gets the owner that its attribute records; the attribute is then left out.
    public var takesRecordedOwner = false
    /// The change of all modes except those of symbolic links.
    public var modeChange: ModeChange?

    public init() {}

    func apply(to entry: inout TarEntry) {
        if !keepsOwner {
            entry.uid = uid
            entry.gid = gid
        }
        if let modeChange, entry.kind != .symbolicLink {
            entry.mode = modeChange.apply(
                to: entry.mode, isDirectory: entry.kind == .directory)
        }
        switch time {
        case .fixed(let seconds): entry.modificationTime = seconds
        case .keep(let latest):
            if let latest { entry.modificationTime = min(entry.modificationTime, latest) }
        }
    }

    /// Applies it to an entry that no file of the sources stands for. Where files keep their times,
    /// it gets the latest time that they may have, or 0.
    func apply(toMade entry: inout TarEntry) {
        apply(to: &entry)
        if case .keep(let latest) = time { entry.modificationTime = latest ?? 0 }
    }
}

/// Encodes files as headers and data. It has no state, so several threads may use it.
package struct EntryEncoder: Sendable {
    let policy: EntryPolicy

    /// Small files that were last written before this time count as settled, because checking every
    /// file again after reading takes a sixteenth of the whole run.
    private let start: Int

    package init(policy: EntryPolicy) {
        self.policy = policy
        // A second earlier, because the clock of a file system may lag.
        start = time(nil) - 1
    }

    /// Files up to this size are read in one call, directly after their header.
    static let smallByteCount = 256 << 10

    /// The maximum room in one request.
    static let roomLimit = smallByteCount + 2 * tarBlockByteCount

    /// The outcome of writing a file.
    enum Outcome {
        case written
        /// The file has other names; `identity` identifies the file.
        case linked(identity: FileIdentity)
        /// The file is larger than the caller's limit.
        case large
        /// A socket, which a layer cannot have.
        case socket
    }

    /// An entry with a file's attributes, without its path.
    package func entry(
        _ status: stat, kind: TarEntry.Kind, path: UnsafeRawBufferPointer
    ) -> TarEntry {
        var entry = TarEntry(
            kind: kind, path: Array(path), mode: status.st_mode & 0o7777,
            size: kind == .file ? UInt64(status.st_size) : 0)
        entry.uid = UInt64(status.st_uid)
        entry.gid = UInt64(status.st_gid)
        entry.modificationTime = Int64(status.st_mtim.tv_sec)
        if kind == .characterDevice || kind == .blockDevice {
            entry.deviceMajor = system_major(UInt64(status.st_rdev))
            entry.deviceMinor = system_minor(UInt64(status.st_rdev))
        }
        policy.apply(to: &entry)
        return entry
    }

    /// Encodes a regular file, header and data, when it is small and has one name only.
    ///
    /// - Parameters:
    ///   - limit: the maximum number of bytes of data.
    ///   - claimingLinks: whether a file with several names is encoded too.
    func encodeFile(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer,
        to space: some EntrySpace, limit: Int = smallByteCount, claimingLinks: Bool = false
    ) throws(TarError) -> Outcome {
        let file = try OpenFile(name, in: directory)
        if file.status.st_nlink > 1, !claimingLinks { return .linked(identity: file.identity) }
        guard file.status.st_size <= limit else { return .large }
        let size = Int(file.status.st_size)
        // The path is copied only for a header that needs a pax record.
        var entry = try fileEntry(file, path: UnsafeRawBufferPointer(start: nil, count: 0))

        // Request one byte more than the file's size: if it arrives, the file grew.
        var headerCount = 0
        var room = try space.room(atLeast: tarBlockByteCount + size + tarBlockByteCount)
        if HeaderEncoder.encodePlain(entry, path: path, into: room) {
            headerCount = tarBlockByteCount
        } else {
            entry.path = Array(path)
            try space.put(HeaderEncoder.encode(entry))
            room = try space.room(atLeast: size + tarBlockByteCount)
        }
        try readWhole(file, size: size, into: room, after: headerCount)
        space.accept(headerCount + size + tarPadding(after: UInt64(size)))
        return .written
    }

    /// The entry of an open regular file, with its attributes.
    func fileEntry(_ file: OpenFile, path: UnsafeRawBufferPointer) throws(TarError)
        -> TarEntry
    {
        var entry = entry(file.status, kind: .file, path: path)
        try setAttributes(
            &entry, extendedAttributes(of: file.descriptor, path: file.path), file.path)
        return entry
    }

    /// The entry of an open directory.
    func directoryEntry(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) -> TarEntry {
        let status = try directory.status()
        var entry = path.withUnsafeBytes { self.entry(status, kind: .directory, path: $0) }
        if policy.keepsExtendedAttributes {
            let attributes = try extendedAttributes(
                of: directory.descriptor, path: directory.path)
            try setAttributes(&entry, attributes, directory.path)
        }
        return entry
    }

    /// Encodes an entry without data: a link, device, FIFO or directory.
    func encodeEmpty(_ entry: TarEntry, to space: some EntrySpace) throws(TarError) {
        if HeaderEncoder.encodePlain(entry, into: try space.room(atLeast: tarBlockByteCount)) {
            space.accept(tarBlockByteCount)
        } else {
            try space.put(HeaderEncoder.encode(entry))
        }
    }

    /// Encodes a symbolic link, device or FIFO, when it has one name only.
    ///
    /// - Parameter claimingLinks: whether a file with several names is encoded too.
    func encodeSpecial(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer,
        to space: some EntrySpace, claimingLinks: Bool = false
    ) throws(TarError) -> Outcome {
        let status = try OpenDirectory.status(name, in: directory)
        guard let kind = TarEntry.Kind(mode: status.st_mode) else { return .socket }
        if status.st_nlink > 1, kind != .directory, !claimingLinks {
            return .linked(identity: FileIdentity(status))
        }
        var entry = entry(status, kind: kind, path: path)
        let filePath = directory.path.appending(Path(cString: name))
        if kind == .symbolicLink {
            // Links have no mode of their own.
            entry.mode = 0o777
            entry.linkTarget = try directory.linkTarget(of: name)
        }
        guard kind != .file, kind != .directory else {
            throw .modified(path: filePath)
        }
        if policy.keepsExtendedAttributes {
            try setAttributes(&entry, linkAttributes(name, in: directory, path: filePath), filePath)
        }
        try encodeEmpty(entry, to: space)
        return .written
    }

    /// Reads the file's data and zeros after it.
    private func readWhole(
        _ file: OpenFile, size: Int, into room: UnsafeMutableRawBufferPointer,
        after offset: Int
    ) throws(TarError) {
        let target = UnsafeMutableRawBufferPointer(rebasing: room[offset..<(offset + size + 1)])
        let count = try file.read(into: target)
        guard count == size else {
            throw .changed(path: file.path, expected: UInt64(size), isLonger: count > size)
        }
        if file.status.st_mtim.tv_sec >= start { try file.checkUnchanged() }
        let padding = tarPadding(after: UInt64(size))
        UnsafeMutableRawBufferPointer(
            rebasing: room[(offset + size)..<(offset + size + padding)]
        ).initializeMemory(as: UInt8.self, repeating: 0)
    }
}

extension TarEntry.Kind {
    /// - Returns: nil for a socket.
    package init?(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        case S_IFIFO: self = .fifo
        default: return nil
        }
    }
}

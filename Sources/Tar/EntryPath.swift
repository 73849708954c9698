import ByteStream
import Glibc

/// The path of an entry relative to the target directory.
package struct EntryPath {
    /// The components joined by slashes, with a zero byte at the end.
    private let terminated: [UInt8]
    /// Offset of the last component.
    private let nameOffset: Int
    /// Whether a component is longer than any file system of Linux allows.
    let hasLongName: Bool

    /// Reads a path or hard link target of a tar. Slashes at its ends and components `.` are
    /// ignored.
    ///
    /// - Throws: `TarError.refused` for a component `..`, and for a path that is too long for the
    ///   kernel.
    package init(_ path: [UInt8]) throws(TarError) {
        let slash = UInt8(ascii: "/")
        let dot = UInt8(ascii: ".")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(path.count + 1)
        var nameOffset = 0
        var hasLongName = false
        for component in path.split(separator: slash) {
            if component.first == dot {
                if component.count == 1 { continue }
                if component.count == 2, component.last == dot {
                    throw .refused(path: Path(path), "its path leads out of the layer")
                }
            }
            if !bytes.isEmpty { bytes.append(slash) }
            nameOffset = bytes.count
            bytes.append(contentsOf: component)
            if component.count > EntryPath.nameByteLimit { hasLongName = true }
        }
        guard bytes.count < Int(PATH_MAX) else {
            throw .refused(path: Path(path.prefix(100)), "its path has \(path.count) bytes")
        }
        bytes.append(0)
        terminated = bytes
        self.nameOffset = nameOffset
        self.hasLongName = hasLongName
    }

    /// A path of an existing directory, without links; it may be longer than the kernel resolves at
    /// once.
    init(resolved path: [UInt8]) {
        terminated = path + [0]
        nameOffset = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        hasLongName = false
    }

    /// The maximum length of a name, as in Linux.
    package static let nameByteLimit = Int(NAME_MAX)

    /// Whether it is the target directory itself.
    package var isRoot: Bool { terminated.count == 1 }

    package var bytes: ArraySlice<UInt8> { terminated[..<(terminated.count - 1)] }
    package var parent: ArraySlice<UInt8> { terminated[..<max(0, nameOffset - 1)] }
    package var name: ArraySlice<UInt8> { terminated[nameOffset..<(terminated.count - 1)] }

    /// Calls `body` with the last component; with `.` for the root.
    func withName<Result, E: Error>(
        _ body: (UnsafePointer<CChar>) throws(E) -> Result
    ) throws(E) -> Result {
        if isRoot { return try Path(".").withCString(body) }
        return try terminated.withRawBytes { (bytes) throws(E) in
            let name = UnsafeRawBufferPointer(rebasing: bytes[nameOffset...])
            return try name.withMemoryRebound(to: CChar.self) { (name) throws(E) in
                guard let start = name.baseAddress else { preconditionFailure("no zero byte") }
                return try body(start)
            }
        }
    }
}

extension EntryPath: CustomStringConvertible {
    /// Its name in messages.
    package var path: Path { isRoot ? "." : Path(bytes) }

    package var description: String { path.description }
}

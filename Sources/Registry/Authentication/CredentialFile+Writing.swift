import ByteStream
import Glibc
import JSON

extension CredentialFile {
    /// Reads a file, changes it and replaces it; a lock keeps other processes from doing the same
    /// meanwhile.
    ///
    /// The directory is locked, so that no lock file is left in it. Some network file systems have
    /// no such locks; there the file is changed without one.
    ///
    /// - Throws: `StreamError`, `.notReplaced` for a FIFO or device; `RegistryError.credentialFile`,
    ///   `.interrupted`.
    static func edit(_ path: Path, _ change: (inout CredentialFile) -> Void) throws {
        try checkReplaceable(path)
        try makeDirectories(of: path)
        let target = target(of: path)
        func body() throws {
            var file = try load(path) ?? CredentialFile(path: path, bytes: [])
            change(&file)
            try file.write(to: target)
        }
        do {
            try Directory.withLock(
                target.directory, failure: { LockFailure(error: $0) as any Error }, body)
        } catch let failure as LockFailure {
            if failure.error == .cancelled { throw RegistryError.interrupted }
            try body()
        }
    }

    private struct LockFailure: Error {
        let error: Errno
    }

    /// Replaces the file, readable by its owner only.
    private func write(to target: Path) throws(StreamError) {
        let file = try AtomicFile(target, mode: 0o600)
        try file.write(document.serialized() + [UInt8(ascii: "\n")])
        try file.commit()
    }

    /// Checks that there is a regular file at `path`, maybe by a symbolic link, or none yet.
    ///
    /// - Throws: `StreamError.notReplaced`.
    static func checkReplaceable(_ path: Path) throws(StreamError) {
        if let isRegular = isRegular(path), !isRegular { throw .notReplaced(path: path) }
    }

    /// Whether `path` leads to a regular file; nil when there is no file.
    static func isRegular(_ path: Path) -> Bool? {
        path.fileType().map { $0 == S_IFREG }
    }

    /// The maximum number of symbolic links on the way, as in the kernel.
    private static let linkLimit = 40

    /// The file that is replaced. A symbolic link stays, also when its target does not exist yet.
    private static func target(of path: Path) -> Path {
        var target = path
        for _ in 0..<linkLimit {
            if let resolved = target.realPath { return resolved }
            guard let next = target.linkTarget else { break }
            let isAbsolute = next.bytes.first == UInt8(ascii: "/")
            target = isAbsolute ? next : target.directory.appending(next)
        }
        return target
    }

    private static func makeDirectories(of path: Path) throws(StreamError) {
        for (index, byte) in path.bytes.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            let directory = Path(path.bytes[..<index])
            let status = directory.withCString { mkdir($0, 0o700) }
            if status != 0, Errno.current != .exists {
                throw .create(path: directory, Errno.current)
            }
        }
    }
}

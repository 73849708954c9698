import ByteStream
import Glibc
import JSON
import OCI

/// A file that records an open upload, so that a new process can resume it.
///
/// Whoever knows the Location of an upload can write to it. So only its owner can read the file,
/// and a file that others own or may write is refused. The file is locked during the whole run, so
/// that two processes never write to one upload; a replacement is locked before it gets the name.
///
/// - Spec: flock(2).
final class ResumeFile {
    /// The bytes from the first one to an offset.
    struct Prefix: Sendable, Hashable {
        var byteCount: Int64
        var digest: Digest
    }

    /// State of an upload.
    struct State: Sendable, Hashable {
        /// `host/repository`.
        var repository: String
        var location: String
        /// The minimum size of all chunks but the last.
        var chunkMinimum: Int
        /// Bytes that the registry has.
        var acknowledged: Prefix
        /// The maximum that the registry may have: bytes that were sent, or were about to be.
        var sent: Prefix
    }

    let path: Path
    private static let byteLimit = 1 << 20
    /// The maximum number of attempts while other processes replace or remove the file.
    private static let attemptLimit = 100

    /// The file that has the name now, locked.
    private var file: OwnedDescriptor
    /// Whether the file was created here and nothing was recorded yet.
    private var isNew: Bool

    /// Locks the file, and creates it when it is missing.
    ///
    /// - Throws: `RegistryError.resumeFileInUse` when another process has the lock, `StreamError`.
    init(locking path: Path) throws {
        self.path = path
        for _ in 0..<ResumeFile.attemptLimit {
            guard let (file, isNew) = try ResumeFile.open(path) else { continue }
            guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
                if Errno.current == .wouldBlock { break }
                if Errno.current == .interrupted { continue }
                throw StreamError.open(path: path, Errno.current)
            }
            // The file may have been replaced or removed before the lock was acquired.
            guard ResumeFile.hasName(file, path) else { continue }
            (self.file, self.isNew) = (file, isNew)
            return
        }
        throw RegistryError.resumeFileInUse(path)
    }

    /// - Returns: nil when another process creates or removes it at the same time.
    /// - Throws: `RegistryError.resumeFile` for a link to nothing, `StreamError`.
    private static func open(_ path: Path) throws -> (file: OwnedDescriptor, isNew: Bool)? {
        do {
            return (try RegularFile.open(path), false)
        } catch StreamError.open(_, .noEntry) {
            do throws(Errno) {
                let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
                return (try OwnedDescriptor(path, flags: flags, mode: 0o600), true)
            } catch .exists {
                // A file that is made in this moment is opened by the next attempt.
                guard path.fileType(followingLink: false) == S_IFLNK else { return nil }
                throw RegistryError.resumeFile(path, problem: "a link to a file that is not there")
            } catch {
                throw StreamError.create(path: path, error)
            }
        }
    }

    private static func hasName(_ file: OwnedDescriptor, _ path: Path) -> Bool {
        guard let opened = try? file.descriptor.status(), let named = try? path.status() else {
            return false
        }
        return FileIdentity(opened) == FileIdentity(named)
    }

    /// - Returns: nil when there was no file, or an empty one, as mktemp(1) creates.
    /// - Throws: `StreamError`, `RegistryError.resumeFile`.
    func load() throws -> State? {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, lseek(file.rawValue, 0, SEEK_SET) == 0 else {
            throw StreamError.read(path: path, Errno.current)
        }
        let input = InputStream(file.descriptor, path: path)
        guard let bytes = try input.readAll(limit: ResumeFile.byteLimit) else {
            throw StreamError.tooLarge(path: path, limit: ResumeFile.byteLimit)
        }
        if bytes.isEmpty { return nil }
        // The status comes from the open file, because another file may have the name by now.
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw unusable("others own it, or may read or write it")
        }
        do throws(JSONError) {
            return try ResumeFile.state(JSONField(JSON.parse(bytes)))
        } catch {
            throw unusable(error.text)
        }
    }

    func unusable(_ problem: String) -> RegistryError { .resumeFile(path, problem: problem) }

    /// Replaces the file.
    ///
    /// - Throws: `StreamError`.
    func save(_ state: State) throws(StreamError) {
        var object = JSONObject()
        object["repository"] = .string(state.repository)
        object["location"] = .string(state.location)
        object["chunkMinimum"] = .integer(Int64(state.chunkMinimum))
        object["acknowledged"] = ResumeFile.json(state.acknowledged)
        object["sent"] = ResumeFile.json(state.sent)
        let new = try AtomicFile(path, mode: 0o600)
        try new.write(object.serialized() + [UInt8(ascii: "\n")])
        guard let next = new.opened, flock(next.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            throw .create(path: path, Errno.current)
        }
        try new.commit()
        file = next
        isNew = false
    }

    /// Removes a file that was created here and is still empty.
    func discard() throws(StreamError) {
        if isNew { try remove() }
    }

    /// Removes the file, if there is one.
    func remove() throws(StreamError) {
        guard path.withCString({ unlink($0) }) == 0 || Errno.current == .noEntry else {
            throw .write(path: path, Errno.current)
        }
    }

    private static func json(_ prefix: Prefix) -> JSON {
        var object = JSONObject()
        object["size"] = .integer(prefix.byteCount)
        object["digest"] = .string(prefix.digest.description)
        return .object(object)
    }

    private static func state(_ field: JSONField) throws(JSONError) -> State {
        let minimum = try field.required("chunkMinimum").integer()
        let state = State(
            repository: try field.required("repository").string(),
            location: try field.required("location").string(),
            chunkMinimum: Int(clamping: max(0, minimum)),
            acknowledged: try prefix(field.required("acknowledged")),
            sent: try prefix(field.required("sent")))
        guard state.acknowledged.byteCount <= state.sent.byteCount else {
            throw field.failure("more was acknowledged than sent")
        }
        return state
    }

    private static func prefix(_ field: JSONField) throws(JSONError) -> Prefix {
        let size = try field.required("size")
        let digest = try field.required("digest")
        let byteCount = try size.integer()
        guard byteCount >= 0 else { throw size.failure("negative") }
        guard let value = Digest(try digest.string()), value.algorithm == .sha256 else {
            throw digest.failure("not a sha256 digest")
        }
        return Prefix(byteCount: byteCount, digest: value)
    }
}

import ByteStream
import Glibc
import JSON
import OCI

/// A file that keeps an open upload, so that a new process goes on with it.
///
/// A Location lets whoever has it write to the upload: the file is readable by its owner only, and one
/// that others own or may write is not used.
struct ResumeFile {
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
        /// The least that a chunk must have, but for the last.
        var chunkMinimum: Int
        /// The registry has these.
        var acknowledged: Prefix
        /// The registry has these at most: they were sent, or were about to be.
        var sent: Prefix
    }

    let path: Path
    private static let byteLimit = 1 << 20

    /// - Returns: nil when there is no file, or an empty one as mktemp(1) makes it.
    /// - Throws: `StreamError`, `RegistryError.resumeFile`.
    func load() throws -> State? {
        let file: OwnedDescriptor
        do throws(StreamError) {
            file = try RegularFile.open(path)
        } catch .open(path: _, .noEntry) {
            return nil
        }
        let status: stat
        do throws(Errno) {
            status = try file.descriptor.status()
        } catch {
            throw StreamError.read(path: path, error)
        }
        let bytes = try RegularFile.read(file, path, limit: ResumeFile.byteLimit)
        if bytes.isEmpty { return nil }
        // The status is that of the file that was read: another file may have the name by now.
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
        let file = try AtomicFile(path, mode: 0o600)
        try file.write(object.serialized() + [UInt8(ascii: "\n")])
        try file.commit()
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

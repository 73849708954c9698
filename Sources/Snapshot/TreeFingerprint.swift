import ByteStream
import Hashing
import JSON
import OCI
import Tar

/// What the kernel says of everything that goes into a layer tar, without its contents, as a digest.
///
/// Two that are equal are of the same tar, when the first one is settled: then every change since
/// shows in a time that nobody can set (`FileSystemClock`). It holds paths as the tar has them, what
/// options make of owners, modes and times, and type, mode, owner, size, device, inode, modification
/// and change time of every file and of every directory in which names were looked at. A change time
/// stands for link targets and attributes too, and device and inode for where the tree is.
public struct TreeFingerprint: Hashable, Sendable {
    public let digest: Digest
    /// Whether everything was last changed so long ago that the next change will have another time.
    public let isSettled: Bool

    /// The first file that was changed too lately, or is on another file system than the first.
    public let unsettled: Path?

    public init(digest: Digest, isSettled: Bool) {
        self.digest = digest
        unsettled = nil
        self.isSettled = isSettled
    }

    /// Reads the line of `oci-tar --fingerprint`.
    public init(_ field: JSONField) throws(JSONError) {
        let text = try field.required("fingerprint")
        guard let digest = Digest(try text.string()) else { throw text.failure("not a digest") }
        self.digest = digest
        unsettled = nil
        isSettled = try field.required("settled").value == .bool(true)
    }

    /// One line of JSON, with its newline.
    public var line: [UInt8] {
        var object = JSONObject()
        object["fingerprint"] = .string(digest.description)
        object["settled"] = .bool(isSettled)
        return object.serialized() + [UInt8(ascii: "\n")]
    }

    /// Looks at everything that `write` hands to a writer, and reads no contents.
    ///
    /// - Parameters:
    ///   - write: hands over the entries of trees, files and lists of paths.
    ///   - salt: what else the bytes of the tar depend on, as the version of the program.
    ///   - warn: takes what is left out, in words.
    /// - Throws: `TarError`.
    public init(
        _ write: (TarWriter) throws(TarError) -> Void, policy: EntryPolicy,
        base: (any LayerBase)?, salt: [UInt8], warn: @escaping (String) -> Void
    ) throws(TarError) {
        let recorder = FingerprintRecorder(policy, salt: salt)
        do {
            try write(TarWriter(recorder: recorder, policy: policy, base: base, warn: warn))
        } catch {
            recorder.cancel()
            throw error
        }
        try recorder.finish()
        for socket in recorder.sockets {
            warn("\(socket.quoted) is a socket, which a layer cannot hold; left out")
        }
        digest = recorder.digest
        unsettled = recorder.unsettled
        isSettled = recorder.unsettled == nil && recorder.hasClock
    }
}

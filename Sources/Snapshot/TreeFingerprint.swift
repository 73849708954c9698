import ByteStream
import Hashing
import JSON
import OCI
import Tar

/// A digest of the attributes of everything that goes into a layer tar, without contents.
///
/// Two equal fingerprints mean the same tar when the first is settled: then every later change
/// shows in a time that no program can set (`FileSystemClock`). The digest covers paths, owners,
/// modes and times in the tar, and type, mode, owner, size, device, inode, modification and change
/// time of every file and of every listed directory. The change time covers link targets and
/// extended attributes too; device and inode identify the tree.
public struct TreeFingerprint: Hashable, Sendable {
    public let digest: Digest
    /// Whether all files were last changed so long ago that the next change will have another time.
    public let isSettled: Bool

    /// The first file that was changed too recently, or is on another file system than the first.
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

    /// Fingerprints everything that `write` passes to a writer, without reading contents.
    ///
    /// - Parameters:
    ///   - write: passes the entries of trees, files and lists of paths.
    ///   - salt: other data that the tar depends on, such as the version of the program.
    ///   - warn: called with a message for each thing that is left out.
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

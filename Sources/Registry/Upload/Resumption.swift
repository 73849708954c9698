import ByteStream
import Hashing
import OCI

/// Records the progress of an upload in a file, and compares repeated input with the bytes that
/// were sent.
final class Resumption {
    let file: ResumeFile
    private var hash = StreamingDigest()
    private var acknowledged: ResumeFile.Prefix
    /// Whether the file records the open session.
    private(set) var isKept = false

    init(_ file: ResumeFile) {
        self.file = file
        acknowledged = ResumeFile.Prefix(byteCount: 0, digest: StreamingDigest().current())
    }

    /// Begins with a new session, which has no bytes.
    func begin() {
        hash = StreamingDigest()
        acknowledged = ResumeFile.Prefix(byteCount: 0, digest: hash.current())
        isKept = false
    }

    /// Records what is about to be sent, because a process that dies during a request leaves a
    /// session with a part of it. Also records what was acknowledged, because the next request may
    /// come much later.
    ///
    /// - Parameters:
    ///   - count: the number of bytes that the session has.
    ///   - end: the maximum number after the next request. These bytes are in the window.
    func keep(
        _ session: UploadSession, of repository: String, acknowledged count: Int64,
        sending end: Int64, from window: UploadWindow
    ) throws {
        if count == hash.byteCount { acknowledged = prefix }
        hashBytes(upTo: end, of: window)
        try file.save(
            ResumeFile.State(
                repository: repository, location: session.location.text,
                chunkMinimum: session.chunkMinimum, acknowledged: acknowledged, sent: prefix))
        isKept = true
    }

    /// Reads bytes that were sent before, and compares them.
    ///
    /// - Parameter received: the number of bytes that the session has. Afterwards the window has
    ///   all bytes from there on.
    /// - Throws: `RegistryError.resumeFile` when they differ, what the source throws.
    func compare(_ state: ResumeFile.State, received: Int64, _ window: UploadWindow) throws {
        isKept = true
        try compare(state.acknowledged, window)
        if received > state.acknowledged.byteCount { try compare(state.sent, window) }
        acknowledged = state.acknowledged
    }

    private func compare(_ expected: ResumeFile.Prefix, _ window: UploadWindow) throws {
        while window.end < expected.byteCount && !window.isComplete {
            try window.fill()
            hashBytes(upTo: min(window.end, expected.byteCount), of: window)
        }
        hashBytes(upTo: min(window.end, expected.byteCount), of: window)
        guard prefix == expected else {
            throw file.unusable(
                "its upload began with \(expected.byteCount) other bytes; without it, a new one is begun"
            )
        }
    }

    private var prefix: ResumeFile.Prefix {
        ResumeFile.Prefix(byteCount: hash.byteCount, digest: hash.current())
    }

    private func hashBytes(upTo end: Int64, of window: UploadWindow) {
        guard end > hash.byteCount else { return }
        window.visit(from: hash.byteCount, to: end) { hash.update($0) }
    }

    /// Ends the record: the session has all bytes, or accepts no more.
    func end() throws(StreamError) {
        isKept = false
        try file.remove()
    }
}

extension BlobUpload {
    /// Resumes the session in the resume file, if the registry still has it.
    ///
    /// - Throws: `RegistryError.resumeFile` when the bytes differ from those of the session, or the
    ///   file is for another repository. Then nothing was sent, and the session is unchanged.
    func resumePrevious() throws {
        guard let resumption, let state = try resumption.file.load() else { return }
        guard state.repository == repository.name else {
            throw resumption.file.unusable("it is of an upload to '\(state.repository)'")
        }
        let kept = try UploadSession(
            state, base: client.baseURL(of: repository.host), client.requestPolicy)
        session = kept
        let received = try sessionOffset()
        guard let session, let received, canGoOn(state, from: received) else {
            if let session { repository.cancel(session.location) }
            session = nil
            client.trace("the upload that '\(resumption.file.path)' keeps cannot be gone on with")
            return
        }
        window.reserve(Int(max(state.sent.byteCount - received, 0)))
        try resumption.compare(state, received: received, window)
        client.trace(
            "the upload to \(repository.name) goes on at byte \(received): \(session.location.redacted)"
        )
        acknowledged = received
        isCautious = true
        meter.move(to: received)
        noteProgress()
    }

    /// Records the progress of the session in the resume file, if there is one.
    func keep(sending end: Int64) throws {
        guard let resumption, let session else { return }
        try resumption.keep(
            session, of: repository.name, acknowledged: acknowledged, sending: end, from: window)
    }

    /// Whether the bytes after `received` fit in memory until the comparison is complete.
    private func canGoOn(_ state: ResumeFile.State, from received: Int64) -> Bool {
        guard received > 0, received <= state.sent.byteCount else { return false }
        let end = max(
            state.acknowledged.byteCount,
            received > state.acknowledged.byteCount ? state.sent.byteCount : 0)
        return end - received <= Int64(ChunkSize.limit)
    }

    /// Ends after a failure, and keeps the session when another process can resume it.
    func abandon(_ error: any Error) {
        var isOver = false
        if case RegistryError.refused = error { isOver = true }
        if let resumption, resumption.isKept, !isOver {
            client.trace("the upload is kept in '\(resumption.file.path)'")
            return
        }
        if let session { repository.cancel(session.location) }
        session = nil
        do {
            if isOver { try resumption?.end() } else { try resumption?.file.discard() }
        } catch {
            client.trace(error.message)
        }
    }
}

import ByteStream
import Hashing
import OCI

extension BlobUpload {
    /// A blob in memory of at most this size is sent without asking for it first, which would cost
    /// as much.
    private static let unaskedByteCount: Int64 = 64 << 10

    /// Whether the repository has the blob, or could mount it. When it does not, a session may be open.
    ///
    /// With one possible source, a mount answers both questions at once.
    ///
    /// - Parameter isNew: the blob was just made, so the repository most likely does not have it.
    func isThere(
        _ identity: BlobIdentity, mountFrom: [String], isNew: Bool = false
    ) throws -> Bool {
        meter.total = identity.size
        if mountFrom.isEmpty, resumption == nil {
            if source.isInMemory, identity.size <= BlobUpload.unaskedByteCount {
                if try mount(identity, from: repository.path) { return true }
                if session != nil { return false }
            } else if isNew {
                return try isThereWhileOpening(identity)
            }
        }
        if mountFrom.count == 1, try mount(identity, from: mountFrom[0]) { return true }
        if try isStored(identity) {
            dropSession()
            return true
        }
        for other in mountFrom where mountFrom.count > 1 {
            if try mount(identity, from: other) { return true }
        }
        return false
    }

    /// Asks for the blob and opens the upload at the same time.
    ///
    /// The upload is opened by a mount from the repository itself: a registry that has the blob then
    /// opens none. A registry that supports no mounts opens one in any case.
    private func isThereWhileOpening(_ identity: BlobIdentity) throws -> Bool {
        let existence = BackgroundResult { [repository] in
            try repository.existence(of: identity.digest, size: identity.size, pushing: true)
        }
        let isMounted = Result { try mount(identity, from: repository.path) }
        let found = Result { try existence.wait() }
        if try isMounted.get() { return true }
        guard try found.get() == .present else { return false }
        dropSession()
        return true
    }

    /// Mounts the blob from a repository; when the registry opens an upload instead, it becomes the
    /// session.
    private func mount(_ identity: BlobIdentity, from other: String) throws -> Bool {
        switch try repository.tryMount(identity, from: other) {
        case .mounted:
            // An earlier mount may have opened an upload.
            dropSession()
            return true
        case .refused: return false
        case .session(let opened):
            // The next mount would leave the session open; only the last one is kept for the
            // upload.
            dropSession()
            session = opened
            return false
        }
    }

    private func dropSession() {
        if let session { repository.cancel(session.location) }
        session = nil
    }
}

import ByteStream
import Hashing
import OCI

extension BlobUpload {
    /// Up to this many bytes that are at hand are sent without a question: that costs no more.
    private static let unaskedByteCount: Int64 = 64 << 10

    /// Whether the repository has the blob, or gets it from another. If not, there may be a session.
    ///
    /// A mount from the one place that may have it answers both questions at once.
    ///
    /// - Parameter isNew: the blob was just made, and is most likely not there.
    func isThere(
        _ identity: BlobIdentity, mountFrom: [String], isNew: Bool = false
    ) throws -> Bool {
        meter.total = identity.size
        if mountFrom.isEmpty, resumption == nil {
            if source.isAtHand, identity.size <= BlobUpload.unaskedByteCount {
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

    /// Asks, and opens the upload at the same time, by a mount from the repository itself: what is there
    /// needs no upload then. A registry that mounts nothing opens one all the same.
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

    /// Mounts the blob from a repository; what the registry opens instead is the session.
    private func mount(_ identity: BlobIdentity, from other: String) throws -> Bool {
        switch try repository.tryMount(identity, from: other) {
        case .mounted:
            // An earlier one may have opened an upload.
            dropSession()
            return true
        case .refused: return false
        case .session(let opened):
            // The next mount would leave it open; the upload can use the last one.
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

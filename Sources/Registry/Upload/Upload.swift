import ByteStream
import Hashing
import OCI

extension RegistryRepository {
    /// The size up to which a blob of unknown length is read before anything is sent, so that its
    /// digest is known for an existence check.
    static let spoolByteLimit = 16 << 20

    /// Stores a blob and returns its digest and size, after the registry confirmed them.
    ///
    /// A blob whose digest is known, or that is small enough to be read before, is not sent when
    /// the repository has it or can mount it. For other blobs, memory is limited to the capacity of
    /// `UploadWindow`.
    /// - Parameter mountFrom: repositories of the same registry, without the host, that may have it.
    /// - Throws: what the source throws; then the upload is cancelled, never closed;
    ///   `RegistryError`.
    /// - Spec: distribution-spec v1.1, Pushing blobs.
    public func writeBlob(_ source: any BlobSource, mountFrom: [String]) throws -> BlobIdentity {
        try BlobUpload(self, source).run(mountFrom: mountFrom)
    }

    /// The same, with a file that records the open upload. When this process fails or dies, the
    /// upload is not cancelled, and the next process with the same input resumes it.
    ///
    /// The bytes are sent in chunks, because only acknowledged bytes are known to be stored.
    /// - Throws: also `RegistryError.resumeFile`, `.resumeFileInUse` and `StreamError` for the
    ///   file.
    public func writeBlob(
        _ source: any BlobSource, mountFrom: [String], resumeFile: Path
    ) throws -> BlobIdentity {
        let resumption = Resumption(try ResumeFile(locking: resumeFile))
        return try BlobUpload(self, source, resumption).run(mountFrom: mountFrom)
    }

    enum Mount {
        case mounted
        case refused
        /// The registry opened an upload instead.
        case session(UploadSession)
    }

    /// Mounts a blob from a repository of this registry.
    ///
    /// - Parameter source: the repository, without the host. When it is this one, a registry that has
    ///   the blob answers as for a mount, and otherwise opens an upload.
    /// - Spec: distribution-spec v1.1, Mounting a blob from another repository.
    func tryMount(_ identity: BlobIdentity, from source: String) throws -> Mount {
        let digest = identity.digest
        let base = try client.likelyBaseURL(of: host)
        let url = base.replacingTarget("/v2/\(path)/blobs/uploads/")
            .appendingQuery("mount", digest.description).appendingQuery("from", source)
        var request = HTTPRequest("POST", url)
        request.awaitsAnswer = true
        request.findsBaseURL = true
        let call = RegistryCall(
            request: request, host: host,
            scopes: source == path ? [.push(path)] : [.push(path), .pull(source)])
        let response: HTTPResponse
        do {
            // After a mount from this repository, the next request is the repetition.
            response = try source == path ? client.sendOnce(call) : client.send(call)
        } catch RegistryError.denied {
            // Without a token for the other repository, there is no mount.
            return .refused
        } catch RegistryError.exhausted {
            // Some registries fail for an unknown source; the upload will show whether that was the
            // reason.
            return .refused
        } catch let failure as TransportFailure {
            guard failure.retryLimit > 0 else { throw client.error(failure, call.request) }
            return .refused
        }
        switch response.status {
        case 201:
            switch ContentProof(ofStoring: response, digest) {
            case .proved: return .mounted
            case .contradicted(let problem): throw client.violation(call.request, problem)
            case .open:
                let found = try existence(of: digest, size: identity.size, pushing: true)
                return found == .present ? .mounted : .refused
            }
        case 202:
            return .session(
                try UploadSession(response, to: client.located(call).url, client.requestPolicy))
        default: return .refused
        }
    }

    /// Cancels an upload. A failure is ignored, because registries purge abandoned uploads.
    func cancel(_ location: HTTPURL) {
        var call = call("DELETE", location, pushing: true)
        call.request.ignoresInterruption = true
        call.request.timeout = .seconds(5)
        do {
            _ = try client.sendOnce(call)
        } catch {
            client.trace("the upload could not be cancelled")
        }
    }
}

/// An open upload of a registry.
struct UploadSession {
    /// The URL of the next request; each response may change it.
    var location: HTTPURL
    /// The least that a chunk must have, but for the last.
    let chunkMinimum: Int
    /// Whether the response came through a proxy that is known to limit bodies.
    let isBehindLimit: Bool
    private let policy: RequestPolicy

    /// - Throws: `TransportFailure.violation` when the response has no location, or a location that
    ///   the policy forbids.
    /// - Spec: distribution-spec v1.1, `OCI-Chunk-Min-Length`.
    init(
        _ response: HTTPResponse, to url: HTTPURL, _ policy: RequestPolicy
    ) throws(TransportFailure) {
        self.policy = policy
        location = try policy.target(of: response.headers["Location"], from: url, "an upload")
        let minimum = response.headers["OCI-Chunk-Min-Length"].flatMap { HeaderValue.number($0) }
        chunkMinimum = Int(clamping: minimum ?? 0)
        isBehindLimit = response.headers["CF-RAY"] != nil
    }

    /// The session in a resume file. Its Location is checked by the same policy as one in a
    /// response.
    ///
    /// - Throws: `TransportFailure.violation`.
    init(
        _ state: ResumeFile.State, base: HTTPURL, _ policy: RequestPolicy
    ) throws(TransportFailure) {
        self.policy = policy
        location = try policy.target(of: state.location, from: base, "an upload")
        chunkMinimum = state.chunkMinimum
        isBehindLimit = false
    }

    /// Updates the location from a response, if it has one.
    ///
    /// - Throws: `TransportFailure.violation` for a location that the policy forbids.
    mutating func follow(_ response: HTTPResponse) throws(TransportFailure) {
        guard let next = response.headers["Location"] else { return }
        location = try policy.target(of: next, from: location, "an upload")
    }
}

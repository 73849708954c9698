import ByteStream
import Hashing
import OCI

extension RegistryRepository {
    /// Up to this many bytes a blob of unknown length is read before anything is sent, so that it
    /// can be asked for by its digest first.
    static let spoolByteLimit = 16 << 20

    /// Stores a blob and returns its digest and size, after the registry confirmed them.
    ///
    /// A blob that announces its digest, or is small enough to be read before, is not sent when the
    /// repository has it or gets it by a mount. Otherwise memory stays below `UploadWindow`'s bytes,
    /// whatever comes.
    /// - Parameter mountFrom: repositories of the same registry, without the host, that may have it.
    /// - Throws: what the source throws: the upload is then cancelled, never closed; `RegistryError`.
    /// - Spec: distribution-spec v1.1, Pushing blobs.
    public func writeBlob(_ source: any BlobSource, mountFrom: [String]) throws -> BlobIdentity {
        try BlobUpload(self, source).run(mountFrom: mountFrom)
    }

    /// The same, with a file that keeps the upload while it is open: when this process fails or dies,
    /// the next one that brings the same bytes goes on with it. The upload is not cancelled then.
    ///
    /// The bytes go in chunks, since only what was answered is known to be there.
    /// - Throws: also `RegistryError.resumeFile`, `.resumeFileInUse` and `StreamError` of the file.
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
    /// - Parameter source: the repository, without the host. From this one, a blob that is there is
    ///   mounted, and an upload is opened for any other.
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
            // What comes after a mount from this repository tries again.
            response = try source == path ? client.sendOnce(call) : client.send(call)
        } catch RegistryError.denied {
            // No token for the other repository: go on without it.
            return .refused
        } catch RegistryError.exhausted {
            // Some fail over a source that they do not know; whether it is that, the upload tells.
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

    /// Ends an upload without a blob. Nothing is done about a failure: the registry will tire of it.
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
    /// URL of the next request; each answer may change it.
    var location: HTTPURL
    /// The least that a chunk must have, but for the last.
    let chunkMinimum: Int
    /// The answer came through a proxy that is known to limit bodies.
    let isBehindLimit: Bool
    private let policy: RequestPolicy

    /// - Throws: `TransportFailure.violation` when the answer does not say where, or names a place
    ///   that the policy forbids.
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

    /// The session that a resume file keeps. A Location in a file is trusted as one in an answer of the
    /// registry: it leads nowhere that the policy forbids.
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

    /// Goes on where the answer says, if it does.
    ///
    /// - Throws: `TransportFailure.violation` for a place that the policy forbids.
    mutating func follow(_ response: HTTPResponse) throws(TransportFailure) {
        guard let next = response.headers["Location"] else { return }
        location = try policy.target(of: next, from: location, "an upload")
    }
}

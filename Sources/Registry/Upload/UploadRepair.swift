import ByteStream
import OCI

extension BlobUpload {
    /// The outcome of sending a body.
    enum Outcome {
        case answer(HTTPResponse)
        /// The outcome is unknown; with the response, when it was a temporary failure.
        case broken(TransportFailure, HTTPResponse?)
    }

    /// Sends once, and separates temporary from permanent failures.
    ///
    /// - Throws: what the source throws; `RegistryError`.
    func attempt(_ call: RegistryCall) throws -> Outcome {
        do {
            let response = try client.sendOnce(call)
            if RetryPolicy.isTransient(response.status) {
                return .broken(.broken("status \(response.status)"), response)
            }
            return .answer(response)
        } catch let failure as TransportFailure {
            switch failure {
            case .broken, .timedOut, .unreachable: return .broken(failure, nil)
            case .lengthRequired:
                return .answer(HTTPResponse(status: 411, headers: HTTPHeaders()))
            case .tls, .settings, .violation, .interrupted:
                throw client.error(failure, call.request)
            }
        }
    }

    /// Recovers from a refusal: by another method, or by renewing the authorization.
    ///
    /// - Throws: `RegistryError` when there is no other method.
    func recover(_ call: RegistryCall, _ response: HTTPResponse, refused method: UploadMethod)
        throws
    {
        let refusal = client.refusal(call, response)
        switch response.status {
        case 401 where refreshCount == 0:
            // The token expired; it was renewed.
            refreshCount += 1
            try resume(after: refusal)
        case 307, 308:
            guard retries.noteRedirect() else { throw refusal }
            try session?.follow(response)
        case 413:
            try learnLimit(method, refusal)
            try resume(after: refusal)
        case 416:
            // The registry has another offset than expected. Its offset is used, but only a few
            // times.
            guard try retries.wait(limit: 3) else { throw refusal }
            isCautious = true
            try resume(after: refusal)
        case 404 where acknowledged > 0:
            // The registry accepted a part: the upload is lost, but the method works.
            guard try retries.wait(limit: 3) else { throw refusal }
            session = nil
            try restart(after: refusal)
        case 404, 405, 411, 415, 501:
            try learnRefusal(method, refusal)
            try restart(after: refusal)
        default: throw refusal
        }
    }

    private func learnLimit(_ method: UploadMethod, _ refusal: RegistryError) throws {
        var habits = repository.host.habits
        let sent: Int
        switch method {
        case .chunks:
            sent =
                ChunkSize.choose(
                    explicit: client.options.chunkSize, limit: habits.bodyLimit,
                    minimum: session?.chunkMinimum ?? 0) ?? 0
        case .whole(let identity): sent = min(Int(clamping: identity.size), ChunkSize.preferred * 2)
        case .stream: sent = ChunkSize.preferred * 2
        }
        guard !habits.refusesChunks, sent > ChunkSize.smallest else { throw refusal }
        habits.bodyLimit = max(ChunkSize.smallest, sent / 2)
        repository.host.habits = habits
    }

    private func learnRefusal(_ method: UploadMethod, _ refusal: RegistryError) throws {
        var habits = repository.host.habits
        switch method {
        case .whole: habits.refusesWholes = true
        case .stream: habits.refusesStreams = true
        case .chunks: habits.refusesChunks = true
        }
        guard !(habits.refusesWholes && habits.refusesStreams && habits.refusesChunks) else {
            throw refusal
        }
        repository.host.habits = habits
        // The remaining method needs the digest and the whole blob.
        guard habits.refusesChunks, habits.refusesStreams else { return }
        try window.fillUp()
        if identity == nil { throw refusal }
    }

    /// Resumes after a broken connection and a delay.
    func repair(
        _ call: RegistryCall, _ failure: TransportFailure, _ response: HTTPResponse?
    ) throws {
        let cause =
            response.map { client.refusal(call, $0) } ?? client.error(failure, call.request)
        guard try retries.wait(after: response, limit: failure.retryLimit) else { throw cause }
        isCautious = true
        try resume(after: cause)
    }

    /// Resumes at the offset that the registry reports, or else from the beginning.
    private func resume(after cause: RegistryError) throws {
        if let offset = try sessionOffset(), offset > 0, window.contains(offset) {
            acknowledged = offset
            noteProgress()
            return
        }
        try restart(after: cause)
    }

    /// The number of bytes of the session; nil when it is gone or does not report it.
    ///
    /// - Spec: distribution-spec v1.1, Pushing a blob in chunks: GET of the upload's URL.
    func sessionOffset() throws -> Int64? {
        guard let session else { return nil }
        let call = repository.call("GET", session.location, pushing: true)
        let response = try client.send(call)
        guard response.isSuccess else {
            if response.status == 404 { self.session = nil }
            return nil
        }
        try self.session?.follow(response)
        return response.headers["Range"].flatMap { HeaderValue.uploadedByteCount($0) }
    }

    /// Starts a new upload, because a used URL must not get the blob from the beginning.
    ///
    /// - Throws: `RegistryError.uploadLost` when the first bytes are no longer available.
    private func restart(after cause: RegistryError) throws {
        // Another process may still resume a session for which this one lacks the bytes.
        let isKept = resumption?.isKept == true && !window.canRestart
        if let session, !isKept { repository.cancel(session.location) }
        session = nil
        acknowledged = 0
        guard try window.restart() else {
            throw cause.exitStatus == .temporary || cause.exitStatus == .unavailable
                ? RegistryError.uploadLost(repository: repository.name, detail: cause.message)
                : cause
        }
        meter.move(to: 0)
    }
}

extension ChunkSize {
    /// The smallest body that counts as too large; for smaller ones the refusal has another reason.
    static let smallest = 1 << 20
}

import ByteStream
import OCI

extension BlobUpload {
    /// The outcome of sending a body.
    enum Outcome {
        case answer(HTTPResponse)
        /// Nothing certain, with the answer when it was one that may pass.
        case broken(TransportFailure, HTTPResponse?)
    }

    /// Sends once; what may pass is told apart from what will not.
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

    /// Goes on after a refusal: by another method, or after authorization was renewed.
    ///
    /// - Throws: `RegistryError` when there is no other method.
    func recover(_ call: RegistryCall, _ response: HTTPResponse, refused method: UploadMethod)
        throws
    {
        let refusal = client.refusal(call, response)
        switch response.status {
        case 401 where refreshCount == 0:
            // The token ran out; by now there is another.
            refreshCount += 1
            try resume(after: refusal)
        case 307, 308:
            guard retries.noteRedirect() else { throw refusal }
            try session?.follow(response)
        case 413:
            try learnLimit(method, refusal)
            try resume(after: refusal)
        case 416:
            // The registry has another offset than we think: it knows better, but only so often.
            guard try retries.wait(limit: 3) else { throw refusal }
            isCautious = true
            try resume(after: refusal)
        case 404 where acknowledged > 0:
            // It took a part: the upload is gone, but the method works.
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
        // What is left needs the digest, and the whole.
        guard habits.refusesChunks, habits.refusesStreams else { return }
        try window.fillUp()
        if identity == nil { throw refusal }
    }

    /// Repairs a broken connection, after a while.
    func repair(
        _ call: RegistryCall, _ failure: TransportFailure, _ response: HTTPResponse?
    ) throws {
        let cause =
            response.map { client.refusal(call, $0) } ?? client.error(failure, call.request)
        guard try retries.wait(after: response, limit: failure.retryLimit) else { throw cause }
        isCautious = true
        try resume(after: cause)
    }

    /// Goes on from the offset that the registry reports, else from the beginning.
    private func resume(after cause: RegistryError) throws {
        if let offset = try sessionOffset(), offset > 0, window.contains(offset) {
            acknowledged = offset
            noteProgress()
            return
        }
        try restart(after: cause)
    }

    /// Bytes that the session has; nil when it is gone or does not say.
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

    /// Begins again with a new upload: a used URL is never sent to from the beginning.
    ///
    /// - Throws: `RegistryError.uploadLost` when the first bytes are gone.
    private func restart(after cause: RegistryError) throws {
        // Another process may still go on with a session that this one has not the bytes for.
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
    /// Under this, a registry that calls a body too large means something else.
    static let smallest = 1 << 20
}

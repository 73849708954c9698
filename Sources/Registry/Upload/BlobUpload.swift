import ByteStream
import Hashing
import OCI

/// The upload of one blob to a registry.
///
/// There are three methods; the choice depends on the blob and the registry:
/// - `whole`: POST and one PUT, when the digest is known. Every registry accepts it, but some
///   cannot cancel it half-way: it is for small blobs.
/// - `stream`: POST, one PATCH without a length, PUT. The fastest for a stream, and what Docker does.
/// - `chunks`: POST, PATCH after PATCH with `Content-Range`, PUT. For registries and proxies that
///   refuse the others, and after a broken connection: each chunk is kept until it was
///   acknowledged.
final class BlobUpload {
    enum UploadMethod {
        case whole(BlobIdentity)
        case stream
        case chunks
    }

    let repository: RegistryRepository
    let source: any BlobSource
    let window: UploadWindow
    let meter: TransferMeter
    /// Set for uploads that another process may resume.
    let resumption: Resumption?
    var retries: Retries
    var session: UploadSession?
    /// The number of bytes that the registry has confirmed in the open session.
    var acknowledged: Int64 = 0
    /// Whether a connection broke: from then on only acknowledged bytes are dropped.
    var isCautious = false
    /// The maximum number of bytes that any session had.
    private var furthest: Int64 = 0
    /// Number of 401 answers since bytes last arrived.
    var refreshCount = 0

    var client: RegistryClient { repository.client }

    init(
        _ repository: RegistryRepository, _ source: any BlobSource,
        _ resumption: Resumption? = nil
    ) {
        self.repository = repository
        self.source = source
        self.resumption = resumption
        let isCheap = source.canRewind && source.announced != nil
        window = UploadWindow(
            source,
            byteCount: isCheap ? UploadWindow.rewindableByteCount : UploadWindow.defaultByteCount)
        retries = Retries(repository.client.policy)
        meter = TransferMeter(
            repository.client, .upload, subject: repository.name, total: source.announced?.size)
    }

    /// Digest and size, once they are known.
    var identity: BlobIdentity? {
        source.announced ?? (window.isComplete ? source.identity : nil)
    }

    func run(mountFrom: [String]) throws -> BlobIdentity {
        do {
            let identity = try store(mountFrom: mountFrom)
            try resumption?.end()
            meter.finish()
            return identity
        } catch {
            abandon(error)
            meter.fail()
            if let failure = error as? TransportFailure {
                throw RegistryError(failure, url: repository.name)
            }
            throw error
        }
    }

    private func store(mountFrom: [String]) throws -> BlobIdentity {
        if let announced = source.announced {
            if try isThere(announced, mountFrom: mountFrom) { return announced }
            if session == nil { try resumePrevious() }
        } else {
            try resumePrevious()
            if session == nil {
                try window.fill(to: Int64(RegistryRepository.spoolByteLimit))
                if let identity, try isThere(identity, mountFrom: mountFrom, isNew: true) {
                    return identity
                }
            }
        }
        while true {
            if session == nil { try open() }
            if let identity = try send() { return identity }
        }
    }

    private func open() throws {
        acknowledged = 0
        var call = try repository.call("POST", "blobs/uploads/", pushing: true)
        call.request.awaitsAnswer = true
        let response = try client.send(call)
        guard response.status == 202 else { throw client.refusal(call, response) }
        resumption?.begin()
        session = try UploadSession(response, to: client.located(call).url, client.requestPolicy)
    }

    /// Sends the next bytes by the best method.
    ///
    /// - Returns: nil when the method changed or the session was repaired, and the caller should
    ///   try again.
    private func send() throws -> BlobIdentity? {
        guard let session else { return nil }
        if acknowledged < window.start {
            guard acknowledged == 0, try window.restart() else {
                throw RegistryError.uploadLost(
                    repository: repository.name, detail: "the first bytes are gone")
            }
        }
        let method = method(session)
        switch method {
        case .whole(let identity): return try sendWhole(identity, session)
        case .stream: return try sendStream(session)
        case .chunks: return try sendChunk(session)
        }
    }

    private func method(_ session: UploadSession) -> UploadMethod {
        let habits = repository.host.habits
        let explicit = client.options.chunkSize
        let limit =
            explicit ?? habits.bodyLimit ?? (session.isBehindLimit ? ChunkSize.behindLimit : nil)
        let canChunk = !habits.refusesChunks
        if resumption != nil, canChunk {
            let isSmall = identity.map { $0.size <= Int64(ChunkSize.preferred) } ?? false
            if !isSmall || acknowledged > 0 { return .chunks }
        }
        if let identity, acknowledged == 0, !habits.refusesWholes {
            let fits = limit.map { identity.size <= Int64($0) } ?? true
            let isSmall = identity.size <= Int64(ChunkSize.preferred)
            let canStream = !isCautious && limit == nil && !habits.refusesStreams
            if !canChunk || (fits && (isSmall || !isCautious && !canStream)) || identity.size == 0 {
                return .whole(identity)
            }
        }
        if canChunk, isCautious || limit != nil || habits.refusesStreams { return .chunks }
        return .stream
    }

    /// A body from `first` on.
    func body(
        from first: Int64, byteCount: Int64?, announced: BlobIdentity? = nil
    ) -> WindowBody {
        WindowBody(
            window, of: source, from: first, byteCount: byteCount, announced: announced,
            progress: { [meter] in meter.move(to: $0) })
    }

    private func sendWhole(
        _ identity: BlobIdentity, _ session: UploadSession
    ) throws -> BlobIdentity? {
        // A body that is completely in memory is sent even after a signal.
        if identity.size <= Int64(ChunkSize.preferred) {
            window.reserve(Int(identity.size) + 1)
            try window.fill(to: identity.size + 1)
        }
        let url = session.location.appendingQuery("digest", identity.digest.description)
        var call = repository.call("PUT", url, pushing: true)
        call.request.headers.add("Content-Type", MediaType.octetStream.rawValue)
        call.request.body = body(from: 0, byteCount: identity.size, announced: identity)
        call.request.stallTimeout = closingTimeout
        switch try attempt(call) {
        case .answer(let response) where response.isSuccess:
            return try confirmed(identity, call, response)
        case .answer(let response): try recover(call, response, refused: .whole(identity))
        case .broken(let failure, let response):
            // The response may be lost after the blob was stored.
            if failure.mayFollowSending, try isStored(identity) {
                self.session = nil
                return identity
            }
            try repair(call, failure, response)
        }
        return nil
    }

    private func sendStream(_ session: UploadSession) throws -> BlobIdentity? {
        var call = repository.call("PATCH", session.location, pushing: true)
        call.request.headers.add("Content-Type", MediaType.octetStream.rawValue)
        let rest = window.isComplete ? window.end - acknowledged : nil
        let body = body(from: acknowledged, byteCount: rest)
        call.request.body = body
        let outcome = try attempt(call)
        if let failure = body.failure {
            // The upload ends here; only the URL for cancelling is taken from the response.
            if case .answer(let response) = outcome { try follow(response) }
            throw failure
        }
        switch outcome {
        case .answer(let response) where response.isSuccess:
            try follow(response)
            acknowledge(response, from: acknowledged, to: window.end)
            if acknowledged == window.end { return try close() }
        case .answer(let response): try recover(call, response, refused: .stream)
        case .broken(let failure, let response): try repair(call, failure, response)
        }
        return nil
    }

    private func sendChunk(_ session: UploadSession) throws -> BlobIdentity? {
        let size = try chunkByteCount(session)
        window.reserve(size)
        try window.fill(to: acknowledged + Int64(size))
        let count = min(Int64(size), window.end - acknowledged)
        if count == 0 { return try close() }
        try keep(sending: acknowledged + count)
        var call = repository.call("PATCH", session.location, pushing: true)
        call.request.headers.add("Content-Type", MediaType.octetStream.rawValue)
        // - Spec: distribution-spec v1.1: without `bytes`, and with an inclusive end.
        call.request.headers.add(
            "Content-Range", "\(acknowledged)-\(acknowledged + count - 1)")
        call.request.body = body(from: acknowledged, byteCount: count)
        switch try attempt(call) {
        case .answer(let response) where response.isSuccess:
            try follow(response)
            acknowledge(response, from: acknowledged, to: acknowledged + count)
            noteProgress()
            try keep(sending: acknowledged)
        case .answer(let response): try recover(call, response, refused: .chunks)
        case .broken(let failure, let response): try repair(call, failure, response)
        }
        return nil
    }

    private func chunkByteCount(_ session: UploadSession) throws -> Int {
        let size = ChunkSize.choose(
            explicit: client.options.chunkSize, limit: repository.host.habits.bodyLimit,
            minimum: session.chunkMinimum)
        guard let size else {
            throw RegistryError.violation(
                url: session.location.redacted,
                problem:
                    "it takes no chunk under \(session.chunkMinimum) bytes, nor one of that size")
        }
        return size
    }

    private func follow(_ response: HTTPResponse) throws { try session?.follow(response) }

    /// Records the bytes that a successful response acknowledges.
    ///
    /// Some registries report a range that never changes: only a range that ends within the sent
    /// bytes means that a part is missing.
    private func acknowledge(_ response: HTTPResponse, from first: Int64, to last: Int64) {
        let reported = response.headers["Range"].flatMap { HeaderValue.uploadedByteCount($0) }
        if let reported, reported > first, reported < last, window.contains(reported) {
            acknowledged = reported
            isCautious = true
        } else {
            acknowledged = last
        }
    }

    /// Records progress. Bytes that were sent before do not count.
    func noteProgress() {
        guard acknowledged > furthest else { return }
        furthest = acknowledged
        retries.noteProgress()
        refreshCount = 0
    }

    /// The time limit for the registry to commit a blob.
    private var closingTimeout: Duration { max(client.options.stallTimeout, .seconds(600)) }

    /// Closes the upload with the blob's digest.
    private func close() throws -> BlobIdentity? {
        guard let session, let identity else { return nil }
        let url = session.location.appendingQuery("digest", identity.digest.description)
        var call = repository.call("PUT", url, pushing: true)
        call.request.headers.add("Content-Type", MediaType.octetStream.rawValue)
        call.request.stallTimeout = closingTimeout
        if let announced = source.announced { try source.check(announced) }
        while true {
            let outcome = try attempt(call)
            if case .answer(let response) = outcome, response.isSuccess {
                return try confirmed(identity, call, response)
            }
            // The response may be lost after the blob was stored.
            if try isStored(identity) {
                self.session = nil
                return identity
            }
            switch outcome {
            case .answer(let response): throw client.refusal(call, response)
            case .broken(let failure, let response):
                guard try retries.wait(after: response) else {
                    throw response.map { client.refusal(call, $0) }
                        ?? client.error(failure, call.request)
                }
            }
        }
    }

    func isStored(_ identity: BlobIdentity) throws -> Bool {
        let found = try repository.existence(
            of: identity.digest, size: identity.size, pushing: true)
        return found == .present
    }

    /// Checks that the blob is stored: by the response, or else by an existence check.
    private func confirmed(
        _ identity: BlobIdentity, _ call: RegistryCall, _ response: HTTPResponse
    ) throws -> BlobIdentity {
        session = nil
        switch ContentProof(ofStoring: response, identity.digest) {
        case .proved: break
        case .contradicted(let problem): throw client.violation(call.request, problem)
        case .open:
            guard try isStored(identity) else {
                throw client.violation(
                    call.request, "status \(response.status), and the blob is not there")
            }
        }
        return identity
    }
}

/// Sizes of the chunks of an upload.
enum ChunkSize {
    /// The maximum size of a chunk, which is kept in memory.
    static let limit = 64 << 20
    static let preferred = 16 << 20
    /// The largest body for proxies that limit bodies to 100 MB.
    static let behindLimit = 31 << 20

    /// - Parameters:
    ///   - explicit: the size that the user set.
    ///   - limit: the largest body that the registry accepts, as far as known.
    ///   - minimum: the minimum that the registry states.
    /// - Returns: nil when they contradict each other.
    static func choose(explicit: Int?, limit: Int?, minimum: Int) -> Int? {
        let most = min(limit ?? ChunkSize.limit, ChunkSize.limit)
        guard minimum <= most else { return nil }
        // The window keeps whole segments, and a chunk may begin within one.
        let wanted = max(min(explicit ?? preferred, most), minimum)
        return max(1, wanted)
    }
}

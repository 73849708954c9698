import ByteStream
import Hashing
import OCI

extension RegistryRepository {
    /// Writes a blob into `sink`, checked against the descriptor's digest and size.
    ///
    /// The sink gets every byte once, in order, before the blob is proved: it must not act on the
    /// end of it before this call returned. A connection that breaks is resumed where it was.
    /// - Throws: `RegistryError.noBlob` when it is not there; `VerificationError`; what the sink
    ///   throws.
    /// - Spec: distribution-spec v1.1, Pulling blobs; RFC 9110, section 14.
    public func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        let meter = TransferMeter(
            client, .download, subject: "\(name)@\(descriptor.digest)", total: descriptor.size)
        do {
            try BlobDownload(self, descriptor, sink, meter).run()
            meter.finish()
        } catch {
            meter.fail()
            throw error
        }
    }
}

/// One blob on its way here.
private final class BlobDownload: ByteSink {
    private let repository: RegistryRepository
    private let descriptor: Descriptor
    private let sink: any ByteSink
    private let verifier: Verifier
    private let meter: TransferMeter
    private var received: Int64 = 0
    /// Bytes at the start of this answer that came in an earlier one.
    private var repeated: Int64 = 0

    init(
        _ repository: RegistryRepository, _ descriptor: Descriptor, _ sink: any ByteSink,
        _ meter: TransferMeter
    ) {
        self.repository = repository
        self.descriptor = descriptor
        self.sink = sink
        self.meter = meter
        verifier = Verifier(
            digest: descriptor.digest, size: descriptor.size,
            subject: "\(descriptor.digest) of \(repository.name)")
    }

    func run() throws {
        let client = repository.client
        var retries = Retries(client.policy)
        while true {
            let before = received
            var call = try repository.call("GET", "blobs/\(descriptor.digest)")
            call.request.headers.add("Accept-Encoding", "identity")
            if received > 0 { call.request.headers.add("Range", "bytes=\(received)-") }
            // By value: a closure that held the variable would be part of what it holds.
            call.request.sink = { [self, request = call.request] response in
                try begin(response, request)
            }
            var response: HTTPResponse?
            var failure: TransportFailure
            do {
                let answer = try client.sendOnce(call)
                if answer.status == 200 || answer.status == 206 {
                    if received >= descriptor.size { return try verifier.finish() }
                    failure = .broken("the answer ended after \(received) bytes")
                } else {
                    guard RetryPolicy.isTransient(answer.status) else {
                        throw refusal(call, answer)
                    }
                    response = answer
                    failure = .broken("status \(answer.status)")
                }
            } catch let error as TransportFailure {
                if case .broken = error, received == descriptor.size, received > 0 {
                    return try verifier.finish()
                }
                failure = error
            }
            if received > before { retries.noteProgress() }
            let limit = failure.retryLimit
            guard try waitToRetry(&retries, response, limit) else {
                if let response { throw client.refusal(call, response) }
                throw client.error(failure, call.request)
            }
        }
    }

    private func waitToRetry(
        _ retries: inout Retries, _ response: HTTPResponse?, _ limit: Int
    ) throws(RegistryError) -> Bool {
        do {
            return try retries.wait(after: response, limit: limit)
        } catch {
            throw .interrupted
        }
    }

    private func refusal(_ call: RegistryCall, _ response: HTTPResponse) -> RegistryError {
        response.status == 404
            ? .noBlob(repository: repository.name, digest: descriptor.digest)
            : repository.client.refusal(call, response)
    }

    /// Decides from the head where in the blob the body begins.
    private func begin(_ response: HTTPResponse, _ request: HTTPRequest) throws -> (any ByteSink)? {
        switch response.status {
        case 200:
            repeated = received
            if let length = response.contentLength, length != descriptor.size,
                response.headers["Content-Encoding"] == nil
            {
                if response.isWebPage {
                    throw repository.client.violation(
                        request, "a web page, not \(descriptor.digest)")
                }
                throw VerificationError.size(
                    subject: "\(descriptor.digest) of \(repository.name)",
                    expected: descriptor.size, actual: length)
            }
            return self
        case 206:
            let range = response.headers["Content-Range"].flatMap { HeaderValue.contentRange($0) }
            guard let range, range.first <= received else {
                throw repository.client.violation(
                    request, "another range than the one asked for")
            }
            repeated = received - range.first
            return self
        default: return nil
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let skipped = Int(min(repeated, Int64(bytes.count)))
        repeated -= Int64(skipped)
        let new = UnsafeRawBufferPointer(rebasing: bytes[skipped...])
        if new.isEmpty { return }
        try verifier.update(new)
        try sink.write(new)
        received += Int64(new.count)
        meter.move(to: received)
    }
}

/// Tells how far a transfer is.
final class TransferMeter {
    private let report: (@Sendable (TransferEvent) -> Void)?
    private let identifier: Int
    private let direction: TransferEvent.Direction
    private let subject: String
    var total: Int64?
    private var byteCount: Int64 = 0

    init(
        _ client: RegistryClient, _ direction: TransferEvent.Direction, subject: String,
        total: Int64?
    ) {
        report = client.options.progress
        identifier = report == nil ? 0 : client.nextTransferIdentifier()
        self.direction = direction
        self.subject = subject
        self.total = total
    }

    func move(to byteCount: Int64) {
        self.byteCount = byteCount
        send(.running)
    }

    func finish() { send(.finished) }

    func fail() { send(.failed) }

    private func send(_ state: TransferEvent.State) {
        report?(
            TransferEvent(
                identifier: identifier, direction: direction, subject: subject,
                byteCount: byteCount, totalByteCount: total, state: state))
    }
}

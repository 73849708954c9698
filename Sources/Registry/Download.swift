import ByteStream
import Hashing
import OCI

extension RegistryRepository {
    /// Writes a blob into `sink`, and verifies it against the descriptor's digest and size.
    ///
    /// The sink gets every byte once, in order, before the blob is verified: it must not act on the
    /// end of the blob before this call returns. After a broken connection the download resumes at
    /// the same offset.
    /// - Throws: `RegistryError.noBlob` when it does not exist; `VerificationError`; what the sink
    ///   throws.
    /// - Spec: distribution-spec v1.1, Pulling blobs; RFC 9110, section 14.
    public func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        try download(descriptor, part: nil, sink)
    }

    /// Writes part of a blob into `sink`. Only the number of bytes is checked; the caller verifies
    /// their digest.
    ///
    /// - Parameter range: in bytes of the blob, not empty.
    /// - Returns: false when the registry serves blobs only whole; then nothing was written into
    ///   the sink.
    /// - Throws: `RegistryError.noBlob` when it does not exist, `.violation` for another range than
    ///   the requested one; what the sink throws.
    /// - Spec: distribution-spec v1.1, Pulling blobs; RFC 9110, section 14.
    public func readBlob(
        _ descriptor: Descriptor, _ range: Range<Int64>, into sink: any ByteSink
    ) throws -> Bool {
        do {
            try download(descriptor, part: range, sink)
            return true
        } catch is BlobDownload.OnlyWhole {
            return false
        }
    }

    private func download(
        _ descriptor: Descriptor, part: Range<Int64>?, _ sink: any ByteSink
    ) throws {
        let meter = TransferMeter(
            client, .download, subject: "\(name)@\(descriptor.digest)",
            total: part.map { Int64($0.count) } ?? descriptor.size)
        do {
            try BlobDownload(self, descriptor, part: part, sink, meter).run()
            meter.finish()
        } catch {
            meter.fail()
            throw error
        }
    }
}

/// The download of a blob or of part of a blob.
private final class BlobDownload: ByteSink {
    /// A part was requested, and the whole blob came.
    struct OnlyWhole: Error {}

    /// The part is complete, but the response continues.
    private struct IsComplete: Error {}

    private let repository: RegistryRepository
    private let descriptor: Descriptor
    private let range: Range<Int64>
    private let sink: any ByteSink
    /// The verifier of a whole blob; nil for a part.
    private let verifier: Verifier?
    private let meter: TransferMeter
    private var received: Int64 = 0
    /// The number of bytes to skip at the start of this response: they came in an earlier one, or
    /// precede the part.
    private var skipped: Int64 = 0

    init(
        _ repository: RegistryRepository, _ descriptor: Descriptor, part: Range<Int64>?,
        _ sink: any ByteSink, _ meter: TransferMeter
    ) {
        self.repository = repository
        self.descriptor = descriptor
        range = part ?? 0..<descriptor.size
        self.sink = sink
        self.meter = meter
        verifier =
            part == nil
            ? Verifier(
                digest: descriptor.digest, size: descriptor.size,
                subject: "\(descriptor.digest) of \(repository.name)") : nil
    }

    private var isWhole: Bool { verifier != nil }
    private var isComplete: Bool { received >= Int64(range.count) }
    /// The offset of the next byte in the blob.
    private var next: Int64 { range.lowerBound + received }

    func run() throws {
        let client = repository.client
        var retries = Retries(client.policy)
        while true {
            let before = received
            var call = try repository.call("GET", "blobs/\(descriptor.digest)")
            call.request.headers.add("Accept-Encoding", "identity")
            if !isWhole {
                call.request.headers.add("Range", "bytes=\(next)-\(range.upperBound - 1)")
            } else if received > 0 {
                call.request.headers.add("Range", "bytes=\(next)-")
            }
            // Captured by value: a closure that captured the variable would be a reference cycle.
            call.request.sink = { [self, request = call.request] response in
                try begin(response, request)
            }
            var response: HTTPResponse?
            var failure: TransportFailure
            do {
                let answer = try client.sendOnce(call)
                if answer.status == 200 || answer.status == 206 {
                    if isComplete {
                        try verifier?.finish()
                        return
                    }
                    failure = .broken("the answer ended after \(received) bytes")
                } else {
                    guard RetryPolicy.isTransient(answer.status) else {
                        throw refusal(call, answer)
                    }
                    response = answer
                    failure = .broken("status \(answer.status)")
                }
            } catch is IsComplete {
                return
            } catch let error as TransportFailure {
                if case .broken = error, isComplete, received > 0 {
                    try verifier?.finish()
                    return
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
        switch response.status {
        case 404: .noBlob(repository: repository.name, digest: descriptor.digest)
        case 416:
            repository.client.violation(
                call.request, "\(descriptor.digest) is shorter than \(descriptor.size) bytes")
        default: repository.client.refusal(call, response)
        }
    }

    /// Determines from the head at which offset of the blob the body begins.
    private func begin(_ response: HTTPResponse, _ request: HTTPRequest) throws -> (any ByteSink)? {
        switch response.status {
        case 200:
            if !isWhole, received == 0, range.lowerBound > 0 { throw OnlyWhole() }
            skipped = next
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
            let answer = response.headers["Content-Range"].flatMap { HeaderValue.contentRange($0) }
            guard let answer, isWanted(answer),
                response.contentLength.map({ $0 - 1 == answer.last - answer.first }) ?? true
            else {
                throw repository.client.violation(
                    request, "another range than the one asked for")
            }
            skipped = next - answer.first
            return self
        default: return nil
        }
    }

    /// For a part, the range must be exactly that part. For a whole blob, any range with the next
    /// byte is accepted.
    private func isWanted(_ answer: HeaderValue.ContentRange) -> Bool {
        if isWhole { return answer.first <= next }
        return answer.first == next && answer.last == range.upperBound - 1
            && answer.total.map { $0 == descriptor.size } ?? true
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let before = Int(min(skipped, Int64(bytes.count)))
        skipped -= Int64(before)
        var new = UnsafeRawBufferPointer(rebasing: bytes[before...])
        if new.isEmpty { return }
        if !isWhole {
            new = UnsafeRawBufferPointer(
                rebasing: new.prefix(Int(min(Int64(range.count) - received, Int64(new.count)))))
            if new.isEmpty { throw IsComplete() }
        }
        try verifier?.update(new)
        try sink.write(new)
        received += Int64(new.count)
        meter.move(to: received)
    }
}

/// Reports the progress of a transfer.
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

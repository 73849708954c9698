import ByteStream
import CCurl

/// One exchange that libcurl carries out, and when it must end early.
final class CurlExchange {
    let request: HTTPRequest
    let transfer: CurlTransfer
    let handle: CurlHandle
    private var stall: StallWatch
    private var graceEnd: ContinuousClock.Instant?

    /// The time to wait for the response to a body that a signal ended.
    private static let grace = Duration.seconds(5)

    init(
        _ request: HTTPRequest, _ handle: CurlHandle, _ settings: TransportSettings,
        waitsForStreams: Bool
    ) throws(TransportFailure) {
        self.request = request
        self.handle = handle
        transfer = CurlTransfer(request)
        stall = StallWatch(limit: request.stallTimeout ?? settings.stallTimeout)
        try handle.configure(request, transfer, waitsForStreams: waitsForStreams)
    }

    /// Whether a signal may end it.
    var heedsInterruption: Bool { !request.ignoresInterruption && graceEnd == nil }

    /// Checks for a signal and for a stall.
    ///
    /// - Throws: `TransportFailure.interrupted`, `.timedOut`; what the body or the sink threw.
    func check() throws {
        if !request.ignoresInterruption, Interruption.signal != nil {
            // A body or sink that was interrupted has its own error.
            if let error = transfer.error { throw error }
            if graceEnd == nil, request.awaitsAnswer || request.body?.abandon() == true {
                graceEnd = .now + CurlExchange.grace
            }
            guard let graceEnd, .now < graceEnd else { throw TransportFailure.interrupted }
        }
        if stall.isOver(handle.movedByteCount + transfer.activity) {
            throw TransportFailure.timedOut("no byte moved for \(stall.limit.secondsText)")
        }
    }

    /// The response, from libcurl's result.
    ///
    /// - Throws: `TransportFailure`; what the body or the sink threw.
    func response(_ code: CURLcode) throws -> HTTPResponse {
        if code != CURLE_OK { try handle.checkProxy(request, code) }
        return try transfer.result(code, detail: handle.detail(of: code))
    }
}

/// Detects a transfer without progress.
private struct StallWatch {
    let limit: Duration
    private var last: Int64 = -1
    private var since = ContinuousClock.now

    init(limit: Duration) {
        self.limit = limit
    }

    mutating func isOver(_ moved: Int64) -> Bool {
        let now = ContinuousClock.now
        if moved != last {
            last = moved
            since = now
        }
        return now - since > limit
    }
}

extension Duration {
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// Text for messages: `90 s`.
    var secondsText: String { "\(components.seconds) s" }
}

import ByteStream
import CCurl
import Glibc

/// A multi handle of libcurl with its open connections.
///
/// Usable by several threads at once, for exchanges that never block: one of the threads drives the
/// exchanges of all, and the others wait. An exchange whose body or sink may block must have it alone.
final class CurlConnection: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let settings: TransportSettings
    private let lock = Lock()
    // Guarded by the lock.
    private var handles: [CurlHandle] = []
    private var submitted: [CurlExchange] = []
    private var outcomes: [ObjectIdentifier: Result<CURLcode, any Error>] = [:]
    private var isDriven = false
    // Only for the thread that drives.
    private var running: [CurlExchange] = []

    private static let libraryStatus = curl_start_library()

    init(_ settings: TransportSettings) throws(TransportFailure) {
        guard CurlConnection.libraryStatus == CURLE_OK, let multi = curl_multi_init() else {
            throw .settings("libcurl cannot be started")
        }
        self.multi = multi
        self.settings = settings
    }

    deinit {
        handles = []
        curl_multi_cleanup(multi)
    }

    /// Sends `request` and waits for the end of the response.
    ///
    /// - Parameter waitsForStreams: for a server that speaks HTTP/2, not to open a second connection
    ///   while the first is being opened.
    /// - Throws: `TransportFailure`; what the request's body or sink threw, as it is.
    func perform(
        _ request: HTTPRequest, waitsForStreams: Bool = false
    ) throws -> HTTPResponse {
        // libcurl does not check for control characters.
        if let part = request.unsendablePart {
            throw TransportFailure.violation("\(part) that cannot be sent")
        }
        let handle = try lock.withLock { handles.popLast() } ?? CurlHandle(settings)
        defer { lock.withLock { handles.append(handle) } }
        let exchange = try CurlExchange(
            request, handle, settings, waitsForStreams: waitsForStreams)
        return try exchange.response(run(exchange).get())
    }

    /// Waits for the outcome of an exchange, and drives all exchanges while no other thread does.
    private func run(_ exchange: CurlExchange) -> Result<CURLcode, any Error> {
        let name = ObjectIdentifier(exchange)
        lock.withLock {
            submitted.append(exchange)
            if isDriven { curl_multi_wakeup(multi) }
        }
        while true {
            let outcome = lock.withLock { () -> Result<CURLcode, any Error>? in
                while isDriven, outcomes[name] == nil { lock.wait() }
                if let outcome = outcomes.removeValue(forKey: name) { return outcome }
                isDriven = true
                return nil
            }
            if let outcome { return outcome }
            drive(until: exchange)
            lock.withLock {
                isDriven = false
                lock.broadcast()
            }
        }
    }

    /// Drives all exchanges to the end of one.
    private func drive(until exchange: CurlExchange) {
        let name = ObjectIdentifier(exchange)
        while true {
            begin()
            var count: CInt = 0
            if curl_multi_perform(multi, &count) != CURLM_OK {
                for exchange in running {
                    end(exchange, .failure(TransportFailure.broken("libcurl failed")))
                }
            }
            readMessages(isIdle: count == 0)
            for exchange in running {
                do {
                    try exchange.check()
                } catch {
                    end(exchange, .failure(error))
                }
            }
            if lock.withLock({ outcomes[name] != nil }) { return }
            wait()
        }
    }

    /// Begins the exchanges that were submitted.
    private func begin() {
        let new = lock.withLock {
            defer { submitted = [] }
            return submitted
        }
        for exchange in new {
            running.append(exchange)
            if curl_multi_add_handle(multi, exchange.handle.easy) != CURLM_OK {
                end(
                    exchange,
                    .failure(TransportFailure.settings("libcurl cannot start a transfer")))
            }
        }
    }

    /// Ends the exchanges that are complete.
    private func readMessages(isIdle: Bool) {
        var remaining: CInt = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let easy = message.pointee.easy_handle
            let result = curl_message_result(message)
            for exchange in running where exchange.handle.easy == easy {
                end(exchange, .success(result))
            }
        }
        guard isIdle else { return }
        for exchange in running {
            end(exchange, .failure(TransportFailure.broken("libcurl lost a transfer")))
        }
    }

    private func end(_ exchange: CurlExchange, _ outcome: Result<CURLcode, any Error>) {
        curl_multi_remove_handle(multi, exchange.handle.easy)
        running.removeAll { $0 === exchange }
        lock.withLock {
            outcomes[ObjectIdentifier(exchange)] = outcome
            lock.broadcast()
        }
    }

    /// Waits until data can be transferred or an exchange was submitted, at most a second.
    private func wait() {
        guard let wakeUp = Interruption.descriptor,
            running.contains(where: \.heedsInterruption)
        else {
            curl_multi_poll(multi, nil, 0, 1000, nil)
            return
        }
        var extra = curl_waitfd(
            fd: wakeUp.rawValue, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        curl_multi_poll(multi, &extra, 1, 1000, nil)
    }
}

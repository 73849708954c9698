import ByteStream
import CCurl
import Glibc

/// A handle of libcurl with its open connections. Used by one thread at a time.
final class CurlConnection {
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let settings: TransportSettings

    /// The time to wait for the response to a body that a signal ended.
    private static let grace = Duration.seconds(5)

    private static let libraryStatus = curl_start_library()

    init(_ settings: TransportSettings) throws(TransportFailure) {
        guard CurlConnection.libraryStatus == CURLE_OK, let easy = curl_easy_init() else {
            throw .settings("libcurl cannot be started")
        }
        guard let multi = curl_multi_init() else {
            curl_easy_cleanup(easy)
            throw .settings("libcurl cannot be started")
        }
        self.easy = easy
        self.multi = multi
        self.settings = settings
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    /// Sends `request` and waits for the end of the response.
    ///
    /// - Throws: `TransportFailure`; what the request's body or sink threw, as it is.
    func perform(_ request: HTTPRequest) throws -> HTTPResponse {
        // libcurl does not check for control characters.
        if let part = request.unsendablePart {
            throw TransportFailure.violation("\(part) that cannot be sent")
        }
        let transfer = CurlTransfer(request)
        var headerList: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(headerList) }
        curl_easy_reset(easy)
        errorText[0] = 0
        for field in request.headers.fields {
            headerList = curl_slist_append(headerList, "\(field.name): \(field.value)")
        }
        headerList = curl_slist_append(headerList, "Expect:")
        try configure(request, transfer, headers: headerList)
        return try withExtendedLifetime(transfer) {
            let code = try run(request, transfer)
            if code != CURLE_OK { try checkProxy(request, code) }
            return try transfer.result(code, detail: detail(of: code))
        }
    }

    private func configure(
        _ request: HTTPRequest, _ transfer: CurlTransfer,
        headers: UnsafeMutablePointer<curl_slist>?
    ) throws(TransportFailure) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        curl_allow_only_http(easy)
        curl_end_without_waiting(easy)
        curl_set_string(easy, CURLOPT_URL, request.url.text)
        curl_set_list(easy, CURLOPT_HTTPHEADER, headers)
        curl_set_string(easy, CURLOPT_USERAGENT, "ocinoco")
        curl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        curl_set_long(easy, CURLOPT_BUFFERSIZE, 512 << 10)
        curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.milliseconds)
        curl_set_long(easy, CURLOPT_TIMEOUT_MS, request.timeout?.milliseconds ?? 0)
        curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        curl_set_bytes_callback(easy, CURLOPT_HEADERFUNCTION, receiveHeader)
        curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        curl_set_bytes_callback(easy, CURLOPT_WRITEFUNCTION, receiveBody)
        curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        // As other registry clients do: for a proxy, a loopback address would be its own machine.
        if !settings.proxiesLoopback, isLoopbackHost(request.url.authority) {
            curl_set_string(easy, CURLOPT_PROXY, "")
        }
        if request.url.scheme == "https" { try settings.configureTLS(easy, request.url) }
        configureMethod(request, context)
    }

    private func configureMethod(_ request: HTTPRequest, _ context: UnsafeMutableRawPointer) {
        switch request.method {
        case "GET": curl_set_long(easy, CURLOPT_HTTPGET, 1)
        case "HEAD": curl_set_long(easy, CURLOPT_NOBODY, 1)
        case "DELETE": curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        default:
            curl_set_long(easy, CURLOPT_UPLOAD, 1)
            curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
            let byteCount = request.body.map { $0.byteCount } ?? 0
            curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(byteCount ?? -1))
            curl_set_bytes_callback(easy, CURLOPT_READFUNCTION, sendBody)
            curl_set_pointer(easy, CURLOPT_READDATA, context)
            curl_set_seek_function(easy, CURLOPT_SEEKFUNCTION, rewindBody)
            curl_set_pointer(easy, CURLOPT_SEEKDATA, context)
            // libcurl reads buffers of this size and sends each with one system call.
            let isLarge = (byteCount ?? .max) > 1 << 20
            if isLarge { curl_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 2 << 20) }
        }
    }

    /// Drives the transfer to its end, or until a signal or a stall ends it.
    private func run(_ request: HTTPRequest, _ transfer: CurlTransfer) throws -> CURLcode {
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
            throw TransportFailure.settings("libcurl cannot start a transfer")
        }
        defer { curl_multi_remove_handle(multi, easy) }
        var stall = StallWatch(limit: request.stallTimeout ?? settings.stallTimeout)
        var graceEnd: ContinuousClock.Instant?
        while true {
            var running: CInt = 0
            guard curl_multi_perform(multi, &running) == CURLM_OK else {
                throw TransportFailure.broken("libcurl failed")
            }
            if running == 0 { break }
            if !request.ignoresInterruption, Interruption.signal != nil {
                // A body or sink that was interrupted has its own error.
                if let error = transfer.error { throw error }
                if graceEnd == nil, request.awaitsAnswer || request.body?.abandon() == true {
                    graceEnd = .now + CurlConnection.grace
                }
                guard let graceEnd, .now < graceEnd else { throw TransportFailure.interrupted }
            }
            if stall.isOver(movedByteCount + transfer.activity) {
                throw TransportFailure.timedOut("no byte moved for \(stall.limit.secondsText)")
            }
            wait(ignoringInterruption: request.ignoresInterruption || graceEnd != nil)
        }
        var remaining: CInt = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            if message.pointee.msg == CURLMSG_DONE { return curl_message_result(message) }
        }
        throw TransportFailure.broken("libcurl lost a transfer")
    }

    /// A proxy that refuses a connection will refuse it again, so there is no retry.
    private func checkProxy(_ request: HTTPRequest, _ code: CURLcode) throws(TransportFailure) {
        var status = 0
        curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
        guard (400..<500).contains(status) else { return }
        throw .settings(
            "the proxy does not connect to '\(request.url.authority)': \(detail(of: code))")
    }

    private var movedByteCount: Int64 {
        var sent: curl_off_t = 0
        var received: curl_off_t = 0
        curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
        curl_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T, &received)
        return Int64(sent) + Int64(received)
    }

    /// Waits until data can be transferred, at most a second.
    private func wait(ignoringInterruption: Bool) {
        guard !ignoringInterruption, let wakeUp = Interruption.descriptor else {
            curl_multi_poll(multi, nil, 0, 1000, nil)
            return
        }
        var extra = curl_waitfd(
            fd: wakeUp.rawValue, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        curl_multi_poll(multi, &extra, 1, 1000, nil)
    }

    private func detail(of code: CURLcode) -> String {
        let text = String(cString: errorText)
        // libcurl's messages may have the proxy's URL with user and password.
        return settings.secrets.removed(
            from: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
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

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private let receiveHeader: curl_bytes_callback = { buffer, size, count, context in
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    return transfer(context)?.receiveHeader(bytes) == true ? bytes.count : 0
}

private let receiveBody: curl_bytes_callback = { buffer, size, count, context in
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    return transfer(context)?.receiveBody(bytes) == true ? bytes.count : 0
}

private let sendBody: curl_bytes_callback = { buffer, size, count, context in
    let space = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
    return transfer(context)?.sendBody(space) ?? Int(CURL_READFUNC_ABORT)
}

private let rewindBody: curl_seek_function = { context, offset, origin in
    guard offset == 0, origin == SEEK_SET, transfer(context)?.rewindBody() == true else {
        return CURL_SEEKFUNC_FAIL
    }
    return CURL_SEEKFUNC_OK
}

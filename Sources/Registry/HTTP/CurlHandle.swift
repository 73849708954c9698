import ByteStream
import CCurl
import Glibc

/// An easy handle of libcurl: the settings of one exchange after the other.
final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let settings: TransportSettings
    private var headerList: UnsafeMutablePointer<curl_slist>?

    init(_ settings: TransportSettings) throws(TransportFailure) {
        guard let easy = curl_easy_init() else { throw .settings("libcurl cannot be started") }
        self.easy = easy
        self.settings = settings
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    private func reset() {
        curl_easy_reset(easy)
        errorText[0] = 0
        curl_slist_free_all(headerList)
        headerList = nil
    }

    /// Prepares the handle for an exchange.
    ///
    /// - Parameters:
    ///   - transfer: kept by the caller until the exchange has ended.
    ///   - waitsForStreams: as `CurlConnection.perform`.
    /// - Throws: `TransportFailure.settings`.
    func configure(
        _ request: HTTPRequest, _ transfer: CurlTransfer, waitsForStreams: Bool
    ) throws(TransportFailure) {
        reset()
        for field in request.headers.fields {
            headerList = curl_slist_append(headerList, "\(field.name): \(field.value)")
        }
        headerList = curl_slist_append(headerList, "Expect:")
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        curl_allow_only_http(easy)
        curl_end_without_waiting(easy)
        curl_set_string(easy, CURLOPT_URL, request.url.text)
        curl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
        curl_set_string(easy, CURLOPT_USERAGENT, "ocinoco")
        curl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        curl_set_long(easy, CURLOPT_PIPEWAIT, waitsForStreams ? 1 : 0)
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

    /// A proxy that refuses a connection will refuse it again, so there is no retry.
    func checkProxy(_ request: HTTPRequest, _ code: CURLcode) throws(TransportFailure) {
        var status = 0
        curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
        guard (400..<500).contains(status) else { return }
        throw .settings(
            "the proxy does not connect to '\(request.url.authority)': \(detail(of: code))")
    }

    /// Bytes of the bodies, in both directions.
    var movedByteCount: Int64 {
        var sent: curl_off_t = 0
        var received: curl_off_t = 0
        curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
        curl_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T, &received)
        return Int64(sent) + Int64(received)
    }

    /// The text of an error, without secrets.
    func detail(of code: CURLcode) -> String {
        let text = String(cString: errorText)
        // libcurl's messages may have the proxy's URL with user and password.
        return settings.secrets.removed(
            from: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
    }
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

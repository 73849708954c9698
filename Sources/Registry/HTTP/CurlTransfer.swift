import ByteStream
import CCurl

/// The state of one exchange in libcurl's callbacks. An error cannot pass through C, so it is
/// stored here.
final class CurlTransfer {
    private let request: HTTPRequest
    private var response = HTTPResponse(status: 0, headers: HTTPHeaders())
    private var headIsComplete = false
    private var headByteCount = 0
    private var bodyWasRead = false
    private var sink: (any ByteSink)?
    private(set) var error: (any Error)?
    /// A counter that increases with every callback.
    private(set) var activity: Int64 = 0

    init(_ request: HTTPRequest) {
        self.request = request
    }

    /// Receives one header line; false stops the transfer.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        activity += 1
        headByteCount += line.count
        guard headByteCount <= HTTPHeaders.byteLimit else {
            error = TransportFailure.violation(
                "more than \(HTTPHeaders.byteLimit) bytes of headers")
            return false
        }
        if line.starts(with: "HTTP/".utf8), !headIsComplete {
            response = HTTPResponse(status: statusCode(of: line), headers: HTTPHeaders())
            response.isMultiplexed = line.starts(with: "HTTP/2".utf8)
        } else if line.first == UInt8(ascii: "\r") || line.first == UInt8(ascii: "\n") {
            return completeHead()
        } else if !headIsComplete {
            response.headers.add(line: line)
        }
        return true
    }

    /// The three digits after the version; 0 when there are none.
    private func statusCode(of line: UnsafeRawBufferPointer) -> Int {
        let text = String(decoding: line, as: UTF8.self)
        let parts = text.split(separator: " ")
        return parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0
    }

    private func completeHead() -> Bool {
        guard !headIsComplete, response.status >= 200 else { return true }
        headIsComplete = true
        guard Set(response.headers.all("Content-Length")).count <= 1 else {
            // - Spec: RFC 9112, section 6.3: where the body ends cannot be known.
            error = TransportFailure.violation("two different lengths")
            return false
        }
        do {
            sink = try request.sink?(response)
            return true
        } catch {
            self.error = error
            return false
        }
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        activity += 1
        if isInterrupted() { return false }
        if let sink {
            do {
                try sink.write(bytes)
                return true
            } catch {
                self.error = error
                return false
            }
        }
        let room = request.bodyLimit - response.body.count
        response.body.append(contentsOf: bytes.prefix(room))
        if bytes.count > room {
            response.bodyIsCut = true
            return false
        }
        return true
    }

    /// Fills `space` with the next bytes to send; nil stops the transfer.
    func sendBody(_ space: UnsafeMutableRawBufferPointer) -> Int? {
        // After a redirect or a refusal, the rest of the body is useless.
        if headIsComplete && response.status >= 300 { return nil }
        guard let body = request.body else { return 0 }
        // After a signal, a body without a length is ended early, because the response says how to
        // cancel the upload.
        if Interruption.signal != nil, !body.abandon(), isInterrupted() { return nil }
        do {
            bodyWasRead = true
            let count = try body.read(into: space)
            activity += 1
            return count
        } catch {
            self.error = error
            return nil
        }
    }

    /// Checked here, because libcurl may transfer many MiB between two calls.
    private func isInterrupted() -> Bool {
        guard !request.ignoresInterruption, Interruption.signal != nil else { return false }
        error = TransportFailure.interrupted
        return true
    }

    /// libcurl tries an open connection first, and another when that one is dead. It cannot tell
    /// whether the server processed a part of the body.
    func rewindBody() -> Bool {
        guard let body = request.body else { return true }
        return (!bodyWasRead || body.mayBeSentTwice) && body.rewind()
    }

    /// The response, or the error of the exchange.
    ///
    /// - Throws: `TransportFailure`; what the body or the sink threw.
    func result(_ code: CURLcode, detail: String) throws -> HTTPResponse {
        if let error { throw error }
        if code == CURLE_OK { return response }
        // A refusal counts as a response, even when a body was not sent or not received completely.
        if headIsComplete && (response.bodyIsCut || response.status >= 300) {
            response.bodyIsCut = true
            return response
        }
        throw failure(code, detail)
    }

    private func failure(_ code: CURLcode, _ detail: String) -> TransportFailure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            .unreachable(detail, refused: false)
        case CURLE_COULDNT_CONNECT: .unreachable(detail, refused: true)
        case CURLE_OPERATION_TIMEDOUT: .timedOut(detail)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CIPHER, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            .tls(detail)
        // In TLS 1.3 a server asks for a certificate, or refuses it, only after the handshake.
        case _ where isAboutCertificates(detail): .tls(detail)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_NOT_BUILT_IN, CURLE_FAILED_INIT:
            .settings(detail)
        // "Chunky upload is not supported by HTTP 1.0": nothing was sent.
        case CURLE_UPLOAD_FAILED: .lengthRequired
        case CURLE_SEND_FAIL_REWIND: .broken("the server closed it before it answered")
        default: .broken(detail)
        }
    }
}

/// Whether OpenSSL reports an alert of the server about the client's certificate.
///
/// - Spec: RFC 8446, section 6.2.
private func isAboutCertificates(_ detail: String) -> Bool {
    let alerts = ["certificate required", "bad certificate", "unknown ca", "certificate unknown"]
    return detail.contains("alert") && alerts.contains { detail.contains($0) }
}

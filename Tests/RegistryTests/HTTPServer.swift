import ByteStream
import Glibc
import Synchronization

/// A request, as a server received it.
struct ServedRequest: Sendable {
    var method: String
    /// Path and query, unchanged.
    var target: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []

    var path: String { String(target.prefix { $0 != "?" }) }

    subscript(header name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The value of a query parameter, decoded.
    subscript(query name: String) -> String? {
        let query = target.drop { $0 != "?" }.dropFirst()
        for parameter in query.split(separator: "&") where parameter.hasPrefix("\(name)=") {
            return decodePercent(String(parameter.dropFirst(name.utf8.count + 1)))
        }
        return nil
    }

    /// `GET /v2/`, the form in which logs are compared.
    var line: String { "\(method) \(target)" }
}

func decodePercent(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

struct Reply: Sendable {
    var status: Int
    var headers: [(String, String)] = []
    var body: [UInt8] = []

    init(_ status: Int, _ headers: [(String, String)] = [], _ body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(_ status: Int, _ headers: [(String, String)] = [], text: String) {
        self.init(status, headers, Array(text.utf8))
    }
}

/// How a server handles a request whose head it has read.
enum Action: Sendable {
    /// Reads the body, and answers as usual.
    case proceed
    /// Reads the body, and sends this answer.
    case reply(Reply)
    /// Answers without reading the body, and closes.
    case replyEarly(Reply)
    /// Reads this many bytes of the body and resets the connection; `keep` gets those bytes.
    case reset(after: Int, keep: @Sendable (inout [UInt8]) -> Void = { _ in })
    /// Answers, but closes after this many bytes of the body.
    case cut(Reply, after: Int)
    /// Sent as it is, without a head.
    case raw(String)
}

/// An HTTP/1.1 server on the loopback address, one thread for each connection.
final class HTTPServer: Sendable {
    typealias Handler = @Sendable (ServedRequest) -> Reply
    typealias Decision = @Sendable (ServedRequest) -> Action

    let port: UInt16
    private let socket: CInt
    private let decide: Decision
    private let handle: Handler
    private let requests = Guarded<[ServedRequest]>([])
    private let connectionCounter = Atomic<Int>(0)

    var authority: String { "127.0.0.1:\(port)" }
    /// Every request, in order, with the part of its body that was read.
    var log: [ServedRequest] { requests.withLock { $0 } }
    var connectionCount: Int { connectionCounter.load(ordering: .relaxed) }

    /// - Parameter closesAtOnce: closes every connection without an answer.
    init(
        closesAtOnce: Bool = false, decide: @escaping Decision = { _ in .proceed },
        handle: @escaping Handler
    ) throws {
        (socket, port) = try listen(backlog: 64)
        self.decide = decide
        self.handle = handle
        let socket = socket
        startThread { [weak self] in
            while true {
                let connection = accept(socket, nil, nil)
                guard connection >= 0, let server = self else {
                    if connection >= 0 { close(connection) }
                    // Not earlier, as another server could get the number while this one accepts
                    // from it.
                    close(socket)
                    return
                }
                server.connectionCounter.add(1, ordering: .relaxed)
                if closesAtOnce {
                    var byte: UInt8 = 0
                    _ = recv(connection, &byte, 1, 0)
                    close(connection)
                    continue
                }
                startThread { [weak server] in
                    ServedConnection(connection).serve { server }
                }
            }
        }
    }

    deinit {
        shutdown(socket, CInt(SHUT_RDWR))
    }

    fileprivate func action(for request: ServedRequest) -> Action { decide(request) }

    fileprivate func note(_ request: ServedRequest) { requests.withLock { $0.append(request) } }

    fileprivate func reply(to request: ServedRequest) -> Reply { handle(request) }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }, box)
    pthread_detach(thread)
}

private final class ServedConnection {
    private let socket: CInt
    private var buffer: [UInt8] = []
    private var isClosing = false

    init(_ socket: CInt) {
        self.socket = socket
    }

    func serve(_ server: () -> HTTPServer?) {
        defer { close(socket) }
        while !isClosing, var request = readHead(), let server = server() {
            switch server.action(for: request) {
            case .proceed:
                readBody(of: &request, limit: .max)
                server.note(request)
                if isClosing { return }
                send(server.reply(to: request), to: request)
            case .reply(let reply):
                readBody(of: &request, limit: .max)
                server.note(request)
                send(reply, to: request)
            case .replyEarly(let reply):
                server.note(request)
                send(
                    Reply(reply.status, reply.headers + [("Connection", "close")], reply.body),
                    to: request)
                linger()
                return
            case .reset(let count, let keep):
                readBody(of: &request, limit: count)
                keep(&request.body)
                server.note(request)
                var option = Glibc.linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    socket, SOL_SOCKET, SO_LINGER, &option,
                    socklen_t(MemoryLayout.size(ofValue: option)))
                return
            case .cut(let reply, let count):
                readBody(of: &request, limit: .max)
                server.note(request)
                send(reply, to: request, bodyLimit: count)
                return
            case .raw(let text):
                readBody(of: &request, limit: .max)
                server.note(request)
                write(Array(text.utf8))
                return
            }
        }
    }

    /// Lets the client read the answer while it is still sending.
    private func linger() {
        shutdown(socket, CInt(SHUT_WR))
        while receive() {
            buffer.removeAll(keepingCapacity: true)
        }
    }

    private func receive() -> Bool {
        var part = [UInt8](repeating: 0, count: 256 << 10)
        let count = recv(socket, &part, part.count, 0)
        if count <= 0 { return false }
        buffer += part[..<count]
        return true
    }

    private func readLine() -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = buffer[..<end]
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self).trimmingSuffix("\r")
            }
            if !receive() { return nil }
        }
    }

    private func readHead() -> ServedRequest? {
        guard let line = readLine() else { return nil }
        let parts = line.split(separator: " ")
        guard parts.count == 3 else { return nil }
        var request = ServedRequest(
            method: String(parts[0]), target: String(parts[1]), headers: [])
        while let line = readLine(), !line.isEmpty {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            request.headers.append((String(line[..<colon]), String(value)))
        }
        return request
    }

    private func readBytes(_ count: Int, into body: inout [UInt8]) -> Bool {
        var rest = count
        while rest > 0 {
            if buffer.isEmpty, !receive() { return false }
            let part = min(rest, buffer.count)
            body += buffer[..<part]
            if part == buffer.count {
                buffer.removeAll(keepingCapacity: true)
            } else {
                buffer.removeFirst(part)
            }
            rest -= part
        }
        return true
    }

    private func readBody(of request: inout ServedRequest, limit: Int) {
        if let length = request[header: "Content-Length"].flatMap({ Int($0) }) {
            if !readBytes(min(length, limit), into: &request.body) { isClosing = true }
        } else if request[header: "Transfer-Encoding"] == "chunked" {
            while request.body.count < limit {
                guard let size = readLine().flatMap({ Int($0, radix: 16) }) else {
                    isClosing = true
                    return
                }
                guard readBytes(min(size, limit - request.body.count), into: &request.body) else {
                    isClosing = true
                    return
                }
                if request.body.count == limit { return }
                _ = readLine()
                if size == 0 { return }
            }
        }
    }

    private func send(_ reply: Reply, to request: ServedRequest, bodyLimit: Int = .max) {
        var head = "HTTP/1.1 \(reply.status) Status\r\n"
        let names = Set(reply.headers.map { $0.0.lowercased() })
        if !names.contains("content-length"), reply.status != 204 {
            head += "Content-Length: \(reply.body.count)\r\n"
        }
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        write(Array((head + "\r\n").utf8))
        if request.method != "HEAD" { write(Array(reply.body.prefix(bodyLimit))) }
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}

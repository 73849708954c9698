import ByteStream

/// The connections of a client.
///
/// A connection is for one thread at a time. A server that was seen to speak HTTP/2 gets requests without
/// a sink, and without a body that may block, as streams of one connection.
///
/// - Spec: RFC 9113, section 5.
final class ConnectionPool: Sendable {
    private struct State: Sendable {
        var idle: [CurlConnection] = []
        /// Origins of servers that speak HTTP/2.
        var multiplexed: Set<String> = []
        /// The connections that threads share at the moment, by origin.
        var shared: [String: Shared] = [:]
    }

    private struct Shared: Sendable {
        let connection: CurlConnection
        var userCount: Int
    }

    private let settings: TransportSettings
    private let state = Guarded(State())

    init(_ settings: TransportSettings) {
        self.settings = settings
    }

    /// Sends a request and waits for the end of the response.
    ///
    /// - Throws: as `CurlConnection.perform`.
    func perform(_ request: HTTPRequest) throws -> HTTPResponse {
        let origin = request.url.origin
        let isShared =
            request.neverBlocks && state.withLock { $0.multiplexed.contains(origin) }
        let connection = try isShared ? join(origin) : take()
        defer { if isShared { leave(origin) } else { putBack(connection) } }
        let response = try connection.perform(request, waitsForStreams: isShared)
        if response.isMultiplexed {
            state.withLock { _ = $0.multiplexed.insert(origin) }
        }
        return response
    }

    private func take() throws(TransportFailure) -> CurlConnection {
        if let connection = state.withLock({ $0.idle.popLast() }) { return connection }
        return try CurlConnection(settings)
    }

    private func putBack(_ connection: CurlConnection) {
        state.withLock { $0.idle.append(connection) }
    }

    private func join(_ origin: String) throws(TransportFailure) -> CurlConnection {
        try state.withLock { (state) throws(TransportFailure) in
            if let shared = state.shared[origin] {
                state.shared[origin]?.userCount += 1
                return shared.connection
            }
            let connection: CurlConnection
            if let idle = state.idle.popLast() {
                connection = idle
            } else {
                connection = try CurlConnection(settings)
            }
            state.shared[origin] = Shared(connection: connection, userCount: 1)
            return connection
        }
    }

    private func leave(_ origin: String) {
        state.withLock { state in
            state.shared[origin]?.userCount -= 1
            guard let shared = state.shared[origin], shared.userCount == 0 else { return }
            state.shared[origin] = nil
            state.idle.append(shared.connection)
        }
    }
}

extension HTTPRequest {
    /// Whether the exchange waits for nothing but the server.
    fileprivate var neverBlocks: Bool { sink == nil && (body == nil || body is BytesBody) }
}

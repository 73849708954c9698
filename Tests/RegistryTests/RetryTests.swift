import ByteStream
import Glibc
import Hashing
import OCI
import Testing

@testable import Registry

@Suite struct RetryTests {
    private func manifestRequests(_ registry: FakeRegistry) -> Int {
        registry.server.log.count { $0.path.contains("/manifests/") }
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504]) func passingFailures(status: Int) throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/") && counter.next() < 3
                ? .reply(FakeRegistry.error(status, "TOOMANYREQUESTS")) : .proceed
        }
        let repository = try registry.repository()
        try repository.putManifest(emptyManifest(), tag: "x")
        #expect(manifestRequests(registry) == 4)
        #expect(
            registry.requests("PUT").allSatisfy { $0.body == emptyManifest().bytes })
    }

    @Test func enoughIsEnough() throws {
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/")
                ? .reply(FakeRegistry.error(503, "UNAVAILABLE")) : .proceed
        }
        let delays = Recorder<Duration>()
        let client = try testClient(retries: 5, sleep: { delays.add($0) })
        let error = #expect(throws: RegistryError.self) {
            try registry.repository("a/b", client).manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .temporary)
        #expect(error?.message.contains("UNAVAILABLE: as the test wants") == true)
        #expect(manifestRequests(registry) == 6)
        #expect(delays.all == [0.5, 1, 2, 4, 8].map { .seconds($0) })
    }

    @Test func retryAfterIsHonoured() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/") && counter.next() == 0
                ? .reply(Reply(429, [("Retry-After", "17")])) : .proceed
        }
        let delays = Recorder<Duration>()
        let client = try testClient(retries: 5, sleep: { delays.add($0) })
        #expect(try registry.repository("a/b", client).manifest(.tag("x")) == nil)
        #expect(delays.all == [.seconds(17)])
    }

    @Test func retryAfterThatIsTooLong() throws {
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/")
                ? .reply(Reply(429, [("Retry-After", "86400")])) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .temporary)
        #expect(manifestRequests(registry) == 1)
    }

    @Test func brokenConnections() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/") && counter.next() < 2
                ? .reset(after: 0) : .proceed
        }
        #expect(try registry.repository().manifest(.tag("x")) == nil)
    }

    @Test(arguments: [400, 404, 405, 410, 501]) func otherRefusalsAreFinal(status: Int) throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT"
                ? .reply(FakeRegistry.error(status, "MANIFEST_INVALID")) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(emptyManifest(), tag: "x")
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(registry.requests("PUT").count == 1)
        let url = "http://\(registry.server.authority)/v2/a/b/manifests/x"
        #expect(
            error?.message
                == "refused: PUT '\(url)': status \(status), MANIFEST_INVALID: as the test wants")
    }

    @Test func forbidden() throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT" ? .reply(FakeRegistry.error(403, "DENIED")) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(emptyManifest(), tag: "x")
        }
        #expect(error?.exitStatus == .denied)
    }

    /// A registry that restarts refuses connections for a while, also on this machine.
    @Test func refusedConnectionIsTriedAgain() throws {
        let port = try freePort()
        let delays = Recorder<Duration>()
        let client = try testClient(retries: 5, sleep: { delays.add($0) })
        let repository = client.repository(try RegistryReference("127.0.0.1:\(port)/a/b"))
        let error = #expect(throws: RegistryError.self) { try repository.manifest(.tag("x")) }
        #expect(error?.exitStatus == .unavailable)
        #expect(delays.all == [0.5, 1, 2, 4, 8].map { .seconds($0) })
    }

    /// A silent server does not block for ever.
    @Test func stall() throws {
        let (socket, port) = try listen(backlog: 4)
        defer { close(socket) }
        let client = try testClient(retries: 1) { $0.stallTimeout = .milliseconds(200) }
        let repository = client.repository(try RegistryReference("127.0.0.1:\(port)/a/b"))
        let error = #expect(throws: RegistryError.self) { try repository.manifest(.tag("x")) }
        #expect(error?.exitStatus == .temporary)
        guard case .timedOut = error else { return #expect(Bool(false)) }
    }

    @Test(arguments: ["nonsense\r\n\r\n", "", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"])
    func nonsense(text: String) throws {
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/") ? .raw(text) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect([.temporary, .protocolError].contains(error?.exitStatus))
    }

    /// A body that is huge, or not JSON, is shortened.
    @Test func hugeErrorBody() throws {
        let body = Array("no such luck ".utf8) + [UInt8](repeating: 0x78, count: 8 << 20)
        let registry = try FakeRegistry { request in
            request.method == "PUT" ? .reply(Reply(400, [], body)) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(emptyManifest(), tag: "x")
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(error?.message.contains("no such luck") == true)
        #expect((error?.message.utf8.count ?? 0) < 1000)
    }

    @Test func errorBodyShorterThanItsLength() throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT"
                ? .raw("HTTP/1.1 400 No\r\nContent-Length: 5000\r\n\r\njust this") : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(emptyManifest(), tag: "x")
        }
        #expect(error?.message.hasSuffix("status 400, just this") == true)
        #expect(registry.requests("PUT").count == 1)
    }

    /// A loopback server that closes on plain HTTP is assumed to use TLS.
    @Test func plainHTTPIsNotUnderstood() throws {
        let server = try HTTPServer(closesAtOnce: true) { _ in Reply(500) }
        let delays = Recorder<Duration>()
        let client = try testClient(retries: 5, sleep: { delays.add($0) })
        let repository = client.repository(try RegistryReference("\(server.authority)/a/b"))
        let error = #expect(throws: RegistryError.self) { try repository.manifest(.tag("x")) }
        #expect(error?.message.contains("https://") == true)
        // The request itself, the probe by plain HTTP, and TLS.
        #expect(server.connectionCount == 3)
        #expect(delays.all.isEmpty)
    }

    @Test func warningsAreToldOnce() throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            var answer = FakeRegistry.handle(request, store)
            answer.headers.append(("Warning", #"299 - "old, soon gone""#))
            return .reply(answer)
        }
        let warnings = Recorder<String>()
        let client = try testClient { $0.warn = { warnings.add($0) } }
        let repository = try registry.repository("a/b", client)
        _ = try repository.manifest(.tag("x"))
        _ = try repository.manifest(.tag("y"))
        #expect(warnings.all == ["\(registry.server.authority): old, soon gone"])
    }

    /// Secrets that a server echoes are not shown.
    @Test func secretsStayHidden() throws {
        let registry = try FakeRegistry { request in
            guard let authorization = request[header: "Authorization"] else {
                return .reply(Reply(401, [("WWW-Authenticate", "Basic realm=x")]))
            }
            return .reply(
                Reply(
                    400, [("Warning", "299 - \"\(authorization)\"")],
                    text: "you sent \(authorization) for user:secret-word"))
        }
        let directory = try TemporaryDirectory()
        let shown = Recorder<String>()
        let client = try authenticatedClient(directory, registry.server.authority) { options in
            options.trace = { shown.add($0) }
            options.warn = { shown.add($0) }
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository("a/b", client).manifest(.tag("x"))
        }
        let texts = shown.all + [error?.message ?? ""]
        #expect(texts.contains { $0.contains("you sent Basic ***") })
        #expect(texts.allSatisfy { !$0.contains("dXNlcj") && !$0.contains("secret-word") })
    }
}

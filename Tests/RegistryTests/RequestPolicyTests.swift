import Hashing
import OCI
import Testing

@testable import Registry

private let base = HTTPURL(scheme: "https", authority: "reg.example", target: "/v2/a/")
private let policy = RequestPolicy(allowsPlainHTTP: false)

@Suite struct RequestPolicyTests {
    @Test func noStepFromTLS() throws {
        let elsewhere = try policy.target(of: "https://s3.example/k", from: base, "a link")
        #expect(elsewhere.authority == "s3.example")
        // Behind a proxy that ends TLS, a registry believes that it is reached by plain HTTP.
        let same = try policy.target(of: "http://REG.example/v2/b", from: base, "a link")
        #expect(same.text == "https://REG.example/v2/b")
        for text in [
            "http://other.example/", "http://127.0.0.1/", "http://reg.example:80/", "ftp://a",
        ] {
            #expect(throws: TransportFailure.self) {
                try policy.target(of: text, from: base, "a link")
            }
        }
        #expect(throws: TransportFailure.self) { try policy.target(of: nil, from: base, "a link") }
        let plain = HTTPURL(scheme: "http", authority: "127.0.0.1:5000", target: "/")
        let beside = try policy.target(of: "http://127.0.0.1:1/", from: plain, "a link")
        #expect(beside.scheme == "http")
    }

    /// A remote registry must not send requests to ports of this machine.
    @Test func realms() throws {
        let local = HTTPURL(scheme: "https", authority: "localhost:5000", target: "/v2/")
        #expect(try policy.realm("http://127.0.0.1:5001/token", of: local).scheme == "http")
        #expect(try policy.realm("/token", of: base).text == "https://reg.example/token")
        for text in ["http://127.0.0.1:5001/token", "http://auth.example/token", "token:x"] {
            #expect(throws: TransportFailure.self) { try policy.realm(text, of: base) }
        }
    }

    @Test func credentialsStayWithTheirOrigin() throws {
        let request = HTTPRequest("GET", base).authorized(by: "Basic eA==")
        let same = try policy.redirected(
            request, to: HTTPURL(scheme: "https", authority: "reg.example:443", target: "/b"))
        #expect(same.headers["Authorization"] == "Basic eA==")
        for text in ["https://other.example/", "https://reg.example:444/"] {
            let target = try #require(HTTPURL(text))
            #expect(try policy.redirected(request, to: target).headers["Authorization"] == nil)
            var post = HTTPRequest("POST", base)
            post.setSecretBody([1, 2, 3])
            #expect(throws: TransportFailure.self) { try policy.redirected(post, to: target) }
            var moved = request
            moved.url = target
            #expect(throws: TransportFailure.self) { try policy.check(moved) }
        }
    }

    @Test(arguments: [
        ("Content-Type", "a/b\r\nX: y"), ("X\r\n", "y"), ("X Y", "z"), ("", "z"), ("X", "a\0b"),
        ("X:", "y"), ("X", "\u{7F}"),
    ])
    func controlBytesInHeaders(name: String, value: String) throws {
        let registry = try FakeRegistry()
        var request = HTTPRequest(
            "GET", HTTPURL(scheme: "http", authority: registry.server.authority, target: "/v2/"))
        request.headers.add(name, value)
        #expect(request.unsendablePart != nil)
        #expect(throws: TransportFailure.self) { try testClient().exchange(request) }
        let connection = try CurlConnection(
            TransportSettings(
                RegistryOptions(), environment: Environment([:]), secrets: Secrets()))
        #expect(throws: TransportFailure.self) { try connection.perform(request) }
        request.headers = HTTPHeaders()
        request.method = "GET /v2/x HTTP/1.1\r\nHost:"
        #expect(throws: TransportFailure.self) { try connection.perform(request) }
        request.method = "GET"
        request.url = request.url.replacingTarget("/v2/ HTTP/1.1\r\nX: y")
        #expect(throws: TransportFailure.self) { try connection.perform(request) }
        #expect(registry.server.log.isEmpty)
    }

    @Test(arguments: [
        "http://user:s3cret@pw@h:1", "http://user:s3cret/pw@h:1", "user:s3cret@h:3128",
        "socks5://user:s3cret%40pw@h",
    ])
    func secretsOfProxies(proxy: String) {
        let secrets = Secrets(proxies: [proxy])
        #expect(!secrets.removed(from: "Unsupported proxy syntax in '\(proxy)'").contains("s3cret"))
        #expect(!secrets.removed(from: "cannot resolve s3cret").contains("s3cret"))
    }

    @Test func formsOfSecrets() {
        let secrets = Secrets()
        secrets.add("tok/en+1==")
        secrets.add("tok/en+1==and more")
        secrets.add("x")
        for text in ["tok/en+1==", "tok%2Fen%2B1%3D%3D", "TOK%2fEN%2b1%3d%3d", "TOK/EN+1=="] {
            #expect(secrets.removed(from: "got \(text).") == "got ***.")
        }
        for text in [
            "tok/en+1==and more", "tok%2Fen%2B1%3D%3Dand%20more", "tok%2Fen%2B1%3D%3Dand+more",
        ] {
            #expect(secrets.removed(from: text) == "***")
        }
        #expect(secrets.removed(from: "x") == "x")
    }

    /// All heads of an answer, interim ones included, have one limit.
    @Test func endlessHeads() throws {
        let line = "X: " + String(repeating: "a", count: 50_000) + "\r\n"
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/")
                ? .raw("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 6) + "\r\n")
                : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .protocolError)
        let hint = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
        let hints = try FakeRegistry { request in
            request.path.contains("/manifests/")
                ? .raw(String(repeating: hint, count: 8000)) : .proceed
        }
        let other = #expect(throws: RegistryError.self) {
            try hints.repository().manifest(.tag("x"))
        }
        #expect(other?.exitStatus == .protocolError)
    }
}

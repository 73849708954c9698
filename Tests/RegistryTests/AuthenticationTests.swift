import ByteStream
import Hashing
import OCI
import Testing

@testable import Registry

/// A registry and a token server, both as Docker specifies.
private final class TokenRegistry: Sendable {
    let store = FakeRegistry.Store()
    let registry: FakeRegistry
    let tokens: HTTPServer
    let issued = Counter()

    /// - Parameters:
    /// - authorization: what the token server requires; nil for anonymous.
    /// - lives: the number of requests that a token is valid for.
    init(
        authorization: String? = nil, lives: Int = .max, field: String = "token",
        token: @escaping @Sendable (ServedRequest) -> Reply? = { _ in nil }
    ) throws {
        let issued = issued
        tokens = try HTTPServer { request in
            if let reply = token(request) { return reply }
            if let authorization, request[header: "Authorization"] != authorization {
                return Reply(401, text: #"{"details":"incorrect username or password"}"#)
            }
            return Reply(
                200, text: #"{"\#(field)":"tok-\#(issued.next())","expires_in":300}"#)
        }
        let realm = "http://\(tokens.authority)/token?realm%20has=its%2Cquery"
        let uses = Counter()
        registry = try FakeRegistry(store) { request in
            let current = "Bearer tok-\(issued.count - 1)"
            if request[header: "Authorization"] == current,
                uses.next() % lives < lives - 1 || lives == .max
            {
                return .proceed
            }
            let challenge =
                #"Bearer realm="\#(realm)",service="reg, istry",scope="repository:a/b:pull""#
            return .reply(
                Reply(
                    401,
                    [("WWW-Authenticate", "Basic realm=\"no\""), ("www-authenticate", challenge)],
                    text:
                        #"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#
                ))
        }
    }
}

private func scopes(_ request: ServedRequest) -> [String] {
    request.target.drop { $0 != "?" }.dropFirst().split(separator: "&")
        .filter { $0.hasPrefix("scope=") }.map { decodePercent(String($0.dropFirst(6))) }
}

@Suite struct AuthenticationTests {
    @Test(arguments: ["token", "access_token"]) func anonymousToken(field: String) throws {
        let server = try TokenRegistry(field: field)
        let repository = try server.registry.repository()
        #expect(try repository.manifest(.tag("x")) == nil)
        #expect(try !repository.hasBlob(.of([1])))
        #expect(server.tokens.log.count == 1)
        let request = try #require(server.tokens.log.first)
        #expect(request.target.hasPrefix("/token?realm%20has=its%2Cquery&service=reg%2C%20istry"))
        #expect(scopes(request) == ["repository:a/b:pull"])
        #expect(request[header: "Authorization"] == nil)
    }

    /// The first request of a push asks for everything the push needs.
    @Test func oneTokenForAPush() throws {
        let server = try TokenRegistry()
        _ = try server.registry.repository().writeBlob(
            HashingSource(MemorySource([1, 2, 3])), mountFrom: [])
        #expect(server.tokens.log.map(scopes) == [["repository:a/b:pull,push"]])
    }

    /// A mount needs the right to pull from the other repository.
    @Test func mountScope() throws {
        let server = try TokenRegistry()
        _ = try server.registry.repository().tryMount(
            BlobIdentity(digest: .of([1]), size: 1), from: "c/d")
        #expect(
            server.tokens.log.map(scopes) == [["repository:a/b:pull,push", "repository:c/d:pull"]])
    }

    @Test func mountWithoutATokenForTheSource() throws {
        let server = try TokenRegistry(token: { request in
            scopes(request).count > 1 ? Reply(403, text: "{}") : nil
        })
        let identity = try server.registry.repository().writeBlob(
            HashingSource(MemorySource([1, 2, 3])), mountFrom: ["c/d"])
        #expect(server.store.blobs[identity.digest.description] == [1, 2, 3])
    }

    /// 401 in the middle of a transfer is answered once.
    @Test func tokensThatRunOut() throws {
        let server = try TokenRegistry(lives: 2)
        let identity = try server.registry.repository().writeBlob(
            MemoryBlob([1, 2, 3]), mountFrom: [])
        #expect(server.store.blobs[identity.digest.description] == [1, 2, 3])
        #expect(server.tokens.log.count >= 2)
    }

    @Test func tokenThatIsNotTaken() throws {
        let server = try TokenRegistry(token: { _ in Reply(200, text: #"{"token":"other"}"#) })
        let error = #expect(throws: RegistryError.self) {
            try server.registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .denied)
        #expect(error?.message.contains("UNAUTHORIZED: authentication required") == true)
        #expect(
            error?.message.contains("run: ocinoco login \(server.registry.server.authority)")
                == true)
        #expect(server.registry.requests("GET").filter { $0.target != "/v2/" }.count <= 2)
    }

    @Test func whatToDoIsSaidOfTLS() {
        func message(_ detail: String) -> String {
            RegistryError.tls(url: "u", detail: detail).message
        }
        #expect(message("wrong version number").hasSuffix("; --plain-http is for plain HTTP"))
        #expect(message("x") == "no secure connection to 'u': x")
    }

    @Test func passwordForAToken() throws {
        let server = try TokenRegistry(authorization: "Basic dXNlcjpzZWNyZXQtd29yZA==")
        let directory = try TemporaryDirectory()
        let traces = Recorder<String>()
        let client = try authenticatedClient(directory, server.registry.server.authority) {
            $0.trace = { traces.add($0) }
        }
        #expect(try server.registry.repository("a/b", client).manifest(.tag("x")) == nil)
        #expect(server.tokens.log.first?[query: "account"] == "user")
        let trace = traces.all.joined(separator: "\n")
        #expect(trace.contains("auth.json"))
        #expect(
            !trace.contains("secret-word") && !trace.contains("dXNlcj") && !trace.contains("tok-"))
    }

    @Test func wrongPasswordForAToken() throws {
        let server = try TokenRegistry(authorization: "Basic other")
        let directory = try TemporaryDirectory()
        let client = try authenticatedClient(directory, server.registry.server.authority)
        let error = #expect(throws: RegistryError.self) {
            try server.registry.repository("a/b", client).manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .denied)
        #expect(error?.message.contains("incorrect username or password") == true)
        #expect(server.tokens.log.count == 1)
    }

    /// An identity token is sent by POST; without one, GET is used.
    @Test(arguments: [false, true]) func identityToken(postIsMissing: Bool) throws {
        let server = try TokenRegistry(token: { request in
            request.method == "POST" && postIsMissing ? Reply(404) : nil
        })
        let directory = try TemporaryDirectory()
        let host = server.registry.server.authority
        try directory.write(
            "auth.json", #"{"auths":{"\#(host)":{"identitytoken":"refresh/me"}}}"#)
        let client = try testClient { $0.authFile = Path("\(directory.path)/auth.json") }
        #expect(try server.registry.repository("a/b", client).manifest(.tag("x")) == nil)
        let post = try #require(server.tokens.log.first)
        #expect(post.method == "POST")
        let form = String(decoding: post.body, as: UTF8.self)
        #expect(
            form.hasPrefix("grant_type=refresh_token&client_id=ocinoco&refresh_token=refresh%2Fme"))
        #expect(form.contains("&scope=repository%3Aa%2Fb%3Apull"))
        if postIsMissing {
            #expect(server.tokens.log.map(\.method) == ["POST", "GET"])
            #expect(server.tokens.log.last?[header: "Authorization"]?.hasPrefix("Basic ") == true)
        } else {
            #expect(server.tokens.log.count == 1)
        }
    }

    /// A repeated request has its whole body again.
    @Test(arguments: [false, true]) func tokenServerThatIsBusy(hasIdentityToken: Bool) throws {
        let counter = Counter()
        let server = try TokenRegistry(token: { _ in counter.next() < 2 ? Reply(503) : nil })
        let directory = try TemporaryDirectory()
        let host = server.registry.server.authority
        let entry = hasIdentityToken ? #""\#(host)":{"identitytoken":"refresh/me"}"# : ""
        try directory.write("auth.json", #"{"auths":{\#(entry)}}"#)
        let client = try testClient { $0.authFile = Path("\(directory.path)/auth.json") }
        #expect(try server.registry.repository("a/b", client).manifest(.tag("x")) == nil)
        let requests = server.tokens.log
        #expect(requests.count == 3)
        #expect(requests.allSatisfy { $0.method == (hasIdentityToken ? "POST" : "GET") })
        #expect(requests.allSatisfy { $0.body.isEmpty != hasIdentityToken })
    }

    @Test(arguments: ["", "[]", "{}", #"{"token":""}"#, #"{"token":"a\nb"}"#, #"{"token":5}"#])
    func noToken(text: String) throws {
        let server = try TokenRegistry(token: { _ in Reply(200, text: text) })
        let error = #expect(throws: RegistryError.self) {
            try server.registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .protocolError)
    }

    @Test func grants() throws {
        let now = ContinuousClock.now
        func lifetime(_ text: String) throws -> Duration {
            try #require(TokenGrant(Array(text.utf8), received: now)).expiry - now
        }
        #expect(try lifetime(#"{"token":"x"}"#) == .seconds(50))
        #expect(try lifetime(#"{"token":"x","expires_in":300}"#) == .seconds(290))
        #expect(try lifetime(#"{"token":"x","expires_in":4}"#) == .seconds(3))
        #expect(try lifetime(#"{"token":"x","expires_in":-4}"#) == .seconds(50))
        #expect(
            try lifetime(#"{"token":"","access_token":"y","expires_in":99999999999}"#)
                > .seconds(1 << 30))
    }

    @Test func severalThreadsGetOneToken() async throws {
        let server = try TokenRegistry()
        let repository = try server.registry.repository()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<8 {
                group.addTask { try repository.hasBlob(.of([UInt8(index)])) }
            }
            for try await result in group { #expect(!result) }
        }
        #expect(server.tokens.log.count == 1)
    }

    @Test func basicOnly() throws {
        let registry = try FakeRegistry { request in
            request[header: "Authorization"] == "Basic dXNlcjpzZWNyZXQtd29yZA=="
                ? .proceed : .reply(Reply(401, [("WWW-Authenticate", "Basic realm=\"x\"")]))
        }
        let directory = try TemporaryDirectory()
        let client = try authenticatedClient(directory, registry.server.authority)
        let repository = try registry.repository("a/b", client)
        _ = try repository.writeBlob(HashingSource(MemorySource([1])), mountFrom: [])
        try repository.putManifest(emptyManifest(), tag: "x")
        // The two requests that go out together, at most.
        #expect(registry.server.log.count { $0[header: "Authorization"] == nil } <= 2)
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .denied)
    }

    /// No body is sent before the method of authentication is known.
    @Test func nothingIsSentBeforeAuthentication() throws {
        let server = try TokenRegistry()
        try server.registry.repository().putManifest(emptyManifest(), tag: "x")
        #expect(server.registry.requests("PUT").count == 1)
        #expect(server.registry.requests("PUT").first?[header: "Authorization"] != nil)
    }
}

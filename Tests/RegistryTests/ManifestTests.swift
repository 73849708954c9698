import ByteStream
import Hashing
import JSON
import OCI
import Testing

@testable import Registry

private func isManifest(_ request: ServedRequest) -> Bool { request.path.contains("/manifests/") }

@Suite struct ManifestTests {
    @Test func putAndGet() throws {
        let registry = try FakeRegistry()
        let repository = try registry.repository()
        let manifest = emptyManifest()
        try repository.putManifest(manifest, tag: "v1")
        try repository.putManifest(manifest, tag: nil)
        #expect(
            registry.lines == [
                "PUT /v2/a/b/manifests/v1", "PUT /v2/a/b/manifests/\(manifest.digest)",
            ])
        #expect(try repository.manifest(.tag("v1")) == manifest)
        let get = try #require(registry.requests("GET").last)
        let accept = get[header: "Accept"] ?? ""
        for type in [MediaType.manifest, .index, .dockerManifest, .dockerManifestList] {
            #expect(accept.contains(type.rawValue))
        }
        #expect(try repository.manifest(.tag("v2")) == nil)
        #expect(try repository.manifestDigest(.tag("v2")) == nil)
    }

    /// Blobs that were confirmed, but that not every part of the registry knows yet.
    @Test(arguments: [1, 3, 4]) func blobsNotKnownYet(refusals: Int) throws {
        let count = Guarded(0)
        let registry = try FakeRegistry { request in
            guard request.method == "PUT", isManifest(request) else { return .proceed }
            let number = count.withLock { count in
                count += 1
                return count
            }
            guard number <= refusals else { return .proceed }
            return .reply(FakeRegistry.error(400, "MANIFEST_BLOB_UNKNOWN"))
        }
        let repository = try registry.repository()
        let manifest = emptyManifest()
        if refusals <= RegistryClient.prematureLimit {
            try repository.putManifest(manifest, tag: "v1")
            #expect(try repository.manifest(.tag("v1")) == manifest)
        } else {
            let error = #expect(throws: RegistryError.self) {
                try repository.putManifest(manifest, tag: "v1")
            }
            #expect(error?.exitStatus == .unavailable)
            #expect(registry.requests("PUT").count == refusals)
        }
    }

    /// Too large for registries: reported before anything is sent.
    @Test func tooLarge() throws {
        let registry = try FakeRegistry()
        let bytes = [UInt8](repeating: 0x20, count: (4 << 20) + 1)
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(
                RawManifest(bytes: bytes, mediaType: .manifest), tag: "x")
        }
        #expect(error?.exitStatus == .dataError)
        #expect(registry.server.log.isEmpty)
    }

    /// The digest is computed; a missing or wrong header changes nothing.
    @Test func missingDigestHeader() throws {
        let manifest = emptyManifest()
        let registry = try FakeRegistry { request in
            isManifest(request)
                ? .reply(
                    Reply(200, [("Content-Type", MediaType.manifest.rawValue)], manifest.bytes))
                : .proceed
        }
        let repository = try registry.repository()
        #expect(try repository.manifest(.tag("x")) == manifest)
        #expect(try repository.manifestDigest(.tag("x")) == manifest.digest)
        let error = #expect(throws: VerificationError.self) {
            try repository.manifest(.digest(.of([1])))
        }
        #expect(error?.exitStatus == .dataError)
    }

    @Test func digestHeaderThatLies() throws {
        let manifest = emptyManifest()
        let registry = try FakeRegistry { request in
            isManifest(request)
                ? .reply(
                    Reply(
                        200, [("Docker-Content-Digest", Digest.of([1]).description)],
                        manifest.bytes)) : .proceed
        }
        let repository = try registry.repository()
        #expect(throws: VerificationError.self) { try repository.manifest(.tag("x")) }
        #expect(throws: VerificationError.self) {
            try repository.manifestDigest(.digest(manifest.digest))
        }
        let error = #expect(throws: RegistryError.self) {
            try repository.putManifest(manifest, tag: "x")
        }
        #expect(error == nil || error?.exitStatus == .protocolError)
    }

    /// The header may have parameters, capitals, or a useless value.
    @Test(arguments: [
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
        "Application/vnd.OCI.image.manifest.v1+JSON", "text/plain", "", "application/json",
    ])
    func contentTypes(type: String) {
        func found(_ bytes: [UInt8]) -> MediaType? {
            let headers = HTTPHeaders([("Content-Type", type)])
            return ManifestType.of(HTTPResponse(status: 200, headers: headers, body: bytes))
        }
        #expect(found(emptyManifest().bytes) == .manifest)
        let bare = Array(#"{"schemaVersion":2,"layers":[]}"#.utf8)
        #expect(found(bare) == .manifest)
        if !type.lowercased().contains("manifest") {
            let index = Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8)
            #expect(found(index) == .index)
            let forged = Array(#"{"mediaType":"a/b\r\nX: y","layers":[]}"#.utf8)
            #expect(found(forged) == nil)
        }
    }

    @Test(arguments: [
        MediaType.dockerSchema1Signed.rawValue + "; charset=utf-8", "application/json",
    ])
    func schema1(type: String) throws {
        let registry = try FakeRegistry { request in
            isManifest(request)
                ? .reply(Reply(200, [("Content-Type", type)], text: #"{"schemaVersion":1}"#))
                : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .dataError)
        #expect(error?.message.contains("schema 1") == true)
    }

    @Test func endlessManifest() throws {
        let registry = try FakeRegistry { request in
            isManifest(request)
                ? .reply(Reply(200, [], [UInt8](repeating: 0x20, count: 17 << 20))) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .protocolError)
    }

    @Test func tagsOfSeveralPages() throws {
        let registry = try FakeRegistry { request in
            guard request.path == "/v2/a/b/tags/list" else { return .proceed }
            switch request[query: "last"] {
            case nil:
                return .reply(
                    Reply(
                        200, [("Link", "</v2/a/b/tags/list?last=b&n=2>; rel=\"next\"")],
                        text: #"{"name":"a/b","tags":["a","b"]}"#))
            case "b":
                return .reply(
                    Reply(
                        200, [("Link", "<?n=2&last=c%2Cd>; rel=next")],
                        text: #"{"tags":["c"]}"#))
            default: return .reply(Reply(200, text: #"{"tags":null}"#))
            }
        }
        #expect(try registry.repository().tags() == ["a", "b", "c"])
    }

    /// Without a digest in the header, only the text shows that a manifest is whole.
    @Test(arguments: ["{", #"{"schemaVersion":2,"#, "", "\u{1F}\u{8B}"])
    func cutManifest(text: String) throws {
        let registry = try FakeRegistry { request in
            request.path.contains("/manifests/")
                ? .reply(Reply(200, [("Content-Type", MediaType.manifest.rawValue)], text: text))
                : .proceed
        }
        let repository = try registry.repository()
        let error = #expect(throws: RegistryError.self) { try repository.manifest(.tag("x")) }
        #expect(error?.exitStatus == .dataError)
        #expect(throws: RegistryError.self) { try repository.manifestDigest(.tag("x")) }
        // A digest that was asked for decides by itself.
        let digest = Digest.of(Array(text.utf8))
        #expect(try repository.manifest(.digest(digest))?.bytes == Array(text.utf8))
    }

    /// An empty list is a list; another document is not an empty one.
    @Test(arguments: [
        (#"{"name":"a/b"}"#, true), (#"{"tags":null}"#, true), (#"{"tags":[]}"#, true),
        ("{}", false), (#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, false), ("[]", false),
    ]) func emptyTags(text: String, isList: Bool) throws {
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list" ? .reply(Reply(200, text: text)) : .proceed
        }
        if isList {
            #expect(try registry.repository().tags() == [])
        } else {
            let error = #expect(throws: RegistryError.self) {
                try registry.repository().tags()
            }
            #expect(error?.exitStatus == .protocolError)
        }
    }

    /// Two lengths leave open where the body ends; the same one twice does not.
    @Test(arguments: [13, 14]) func twoLengths(second: Int) throws {
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list"
                ? .raw(
                    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Length: \(second)\r\n"
                        + "Connection: close\r\n\r\n{\"tags\":null}")
                : .proceed
        }
        if second == 13 {
            #expect(try registry.repository().tags() == [])
        } else {
            let error = #expect(throws: RegistryError.self) {
                try registry.repository().tags()
            }
            #expect(error?.exitStatus == .protocolError)
        }
    }

    @Test func tagsInACircle() throws {
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list"
                ? .reply(
                    Reply(
                        200, [("Link", "</v2/a/b/tags/list>; rel=\"next\"")],
                        text: #"{"tags":["a"]}"#)) : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try registry.repository().tags() }
        #expect(error?.exitStatus == .protocolError)
    }

    /// Each page names another one, and all are empty.
    @Test func tagsWithoutAnEnd() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list"
                ? .reply(
                    Reply(
                        200, [("Link", "<?last=\(counter.next())>; rel=\"next\"")],
                        text: #"{"tags":[]}"#)) : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try registry.repository().tags() }
        #expect(error?.exitStatus == .protocolError)
        #expect(counter.count <= 100)
    }

    @Test func digestsAmongTags() throws {
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list"
                ? .reply(Reply(200, text: #"{"tags":["sha256:aaaa","v1","_x"]}"#)) : .proceed
        }
        #expect(try registry.repository().tags() == ["sha256:aaaa", "v1", "_x"])
    }

    /// Registries without a referrers API answer differently.
    @Test(arguments: [400, 404, 405, 406, 501, 200, 303]) func noReferrers(status: Int) throws {
        let registry = try FakeRegistry { request in
            if request.path.contains("/referrers/") {
                return .reply(
                    status == 200
                        ? Reply(200, [("Content-Type", "text/html")], text: "<html>")
                        : Reply(status, [("Location", "/packages")]))
            }
            return request.path == "/packages"
                ? .reply(Reply(200, [("Content-Type", "text/html; charset=utf-8")], text: "<html>"))
                : .proceed
        }
        let found = try registry.repository().referrers(of: .of([1]), artifactType: nil)
        #expect(found == nil)
    }

    /// A registry with immutable tags refuses even an unchanged tag.
    @Test func immutableTag() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.method == "PUT" && counter.next() > 0
                ? .reply(FakeRegistry.error(400, "TAG_INVALID")) : .proceed
        }
        let repository = try registry.repository()
        try repository.putManifest(emptyManifest(), tag: "x")
        try repository.putManifest(emptyManifest(), tag: "x")
        let other = Array((String(decoding: emptyManifest().bytes, as: UTF8.self) + " ").utf8)
        let error = #expect(throws: RegistryError.self) {
            try repository.putManifest(
                RawManifest(verifiedBytes: other, mediaType: .manifest, digest: .of(other)),
                tag: "x")
        }
        #expect(error?.exitStatus == .unavailable)
    }

    /// Only media types of manifests are sent to the manifests endpoint.
    @Test func whatIsNoManifestIsNotPut() throws {
        let registry = try FakeRegistry()
        let bytes = emptyManifest().bytes
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().putManifest(
                RawManifest(verifiedBytes: bytes, mediaType: .octetStream, digest: .of(bytes)),
                tag: "x")
        }
        #expect(error?.exitStatus == .dataError)
        #expect(registry.requests("PUT").isEmpty)
    }

    @Test(arguments: [
        "", "[]", #"{"tags":5}"#, #"{"tags":["a",1]}"#, "<html>", #"{"tags":["a\u001b[2J"]}"#,
        #"{"tags":["a\nb"]}"#, #"{"tags":["--push"]}"#, #"{"tags":["sha256:a b"]}"#,
        #"{"tags":[""]}"#,
    ])
    func tagsThatAreNone(text: String) throws {
        let registry = try FakeRegistry { request in
            request.path == "/v2/a/b/tags/list" ? .reply(Reply(200, text: text)) : .proceed
        }
        let error = #expect(throws: RegistryError.self) { try registry.repository().tags() }
        #expect(error?.exitStatus == .protocolError)
    }

    @Test func referrers() throws {
        let subject = Digest.of([1])
        let one =
            #"{"mediaType":"a/m","digest":"\#(Digest.of([2]))","size":1,"artifactType":"x/y"}"#
        let two = #"{"mediaType":"a/m","digest":"\#(Digest.of([3]))","size":1,"artifactType":"z"}"#
        let registry = try FakeRegistry { request in
            request.path.contains("/referrers/")
                ? .reply(
                    Reply(
                        200, [("Content-Type", MediaType.index.rawValue)],
                        text: #"{"schemaVersion":2,"manifests":[\#(one),\#(two)]}"#)) : .proceed
        }
        let repository = try registry.repository()
        #expect(try repository.referrers(of: subject, artifactType: nil)?.manifests.count == 2)
        let filtered = try repository.referrers(of: subject, artifactType: "x/y")
        #expect(filtered?.manifests.map(\.digest) == [.of([2])])
        #expect(registry.lines.last == "GET /v2/a/b/referrers/\(subject)?artifactType=x%2Fy")
        let other = try FakeRegistry()
        #expect(try other.repository().referrers(of: subject, artifactType: nil) == nil)
        #expect(other.lines.count == 1)
    }
}

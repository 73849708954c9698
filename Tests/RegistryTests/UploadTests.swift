import ByteStream
import Hashing
import OCI
import Testing

@testable import Registry

private let small = pseudoRandomBytes(5000)
private let large = pseudoRandomBytes(24 << 20)
private let larger = pseudoRandomBytes(56 << 20)

@Suite struct UploadTests {
    /// HEAD and POST at once, and one PUT; the query of the location is kept as text.
    @Test func smallStreamIsOnePut() throws {
        let registry = try FakeRegistry()
        let identity = try registry.repository().writeBlob(StreamSource(small), mountFrom: [])
        let digest = identity.digest.description
        #expect(digest == FakeRegistry.digest(small))
        let quoted = percentEncoded(digest)
        #expect(
            registry.lines.prefix(2).sorted() == [
                "HEAD /v2/a/b/blobs/\(digest)",
                "POST /v2/a/b/blobs/uploads/?mount=\(quoted)&from=a%2Fb",
            ])
        #expect(
            registry.lines.dropFirst(2) == [
                "PUT /v2/a/b/blobs/uploads/u1?_state=a%2Fb%3D0&digest=\(quoted)"
            ])
        let put = try #require(registry.requests("PUT").first)
        #expect(put[header: "Content-Length"] == "5000")
        #expect(put[header: "Expect"] == nil)
        #expect(registry.server.connectionCount <= 2)
    }

    /// What is in memory is not asked for.
    @Test func fewBytesAtHandAreTwoRequests() throws {
        let registry = try FakeRegistry()
        let identity = try registry.repository().writeBlob(MemoryBlob(small), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == small)
        #expect(registry.server.log.map(\.method) == ["POST", "PUT"])
    }

    @Test func whatIsThereIsNotSent() throws {
        let registry = try FakeRegistry()
        registry.store.state.withLock { $0.blobs[FakeRegistry.digest(small)] = small }
        let repository = try registry.repository()
        _ = try repository.writeBlob(StreamSource(small), mountFrom: [])
        #expect(registry.lines.count == 2)
        _ = try repository.writeBlob(MemoryBlob(small), mountFrom: [])
        #expect(registry.lines.count == 3)
        #expect(registry.requests("PUT").isEmpty)
        #expect(registry.store.uploads.isEmpty)
    }

    /// A registry that cannot mount opens an upload, which is cancelled. If it refuses the mount, the
    /// upload is opened without one, and mounting is not tried again.
    @Test(arguments: [202, 400, 404, 500, 503]) func mountFromItself(status: Int) throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request[query: "mount"] != nil else { return .proceed }
            if status != 202 { return .reply(FakeRegistry.error(status, "NAME_INVALID")) }
            store.append([], to: "/v2/a/b/blobs/uploads/mine")
            return .reply(Reply(202, [("Location", "/v2/a/b/blobs/uploads/mine")]))
        }
        let repository = try registry.repository()
        for source in [StreamSource(small), MemoryBlob(small)] as [any BlobSource] {
            store.state.withLock { $0.blobs = [FakeRegistry.digest(small): small] }
            _ = try repository.writeBlob(source, mountFrom: [])
            #expect(store.uploads.isEmpty)
        }
        #expect(registry.requests("POST").count == 2)
        #expect(registry.requests("PUT").count == (status == 202 ? 1 : 0))
        for source in [StreamSource(small), MemoryBlob(small)] as [any BlobSource] {
            store.state.withLock { $0.blobs = [:] }
            _ = try repository.writeBlob(source, mountFrom: [])
            #expect(store.blobs[FakeRegistry.digest(small)] == small)
            #expect(store.uploads.isEmpty)
        }
        #expect(registry.requests("POST").count == (status == 202 ? 4 : 6))
    }

    /// One PATCH without a length; each answer's location is followed.
    @Test func largeStreamIsOnePatch() throws {
        let registry = try FakeRegistry()
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        #expect(
            registry.lines == [
                "POST /v2/a/b/blobs/uploads/",
                "PATCH /v2/a/b/blobs/uploads/u1?_state=a%2Fb%3D0",
                "PUT /v2/a/b/blobs/uploads/u1?_state=a%2Fb%3D\(large.count)&digest="
                    + percentEncoded(identity.digest.description),
            ])
        let patch = try #require(registry.requests("PATCH").first)
        #expect(patch[header: "Transfer-Encoding"] == "chunked")
        #expect(patch[header: "Content-Length"] == nil)
        #expect(patch[header: "Content-Range"] == nil)
    }

    /// An absolute location on another host gets the bytes, but no credentials.
    @Test func locationOnAnotherHost() throws {
        let store = FakeRegistry.Store()
        let storage = try FakeRegistry(store)
        let target = "http://\(storage.server.authority)"
        let registry = try FakeRegistry(store) { request in
            if request[header: "Authorization"] == nil {
                return .reply(Reply(401, [("WWW-Authenticate", "Basic realm=\"x\"")]))
            }
            guard request.method == "POST" else { return .proceed }
            let answer = FakeRegistry.handle(request, store)
            let headers = answer.headers.map { ($0.0, $0.0 == "Location" ? target + $0.1 : $0.1) }
            return .reply(Reply(202, headers))
        }
        let directory = try TemporaryDirectory()
        let client = try authenticatedClient(directory, registry.server.authority)
        let identity = try registry.repository("a/b", client).writeBlob(
            StreamSource(small), mountFrom: [])
        #expect(storage.lines.map { $0.prefix(4) } == ["PUT "])
        #expect(storage.server.log.allSatisfy { $0[header: "Authorization"] == nil })
        #expect(registry.requests("POST").contains { $0[header: "Authorization"] != nil })
        #expect(store.blobs[identity.digest.description] == small)
    }

    /// ECR answers PATCH with 201 and a range that does not move.
    @Test func frozenRangeAndOtherStatus() throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PATCH" else { return .proceed }
            store.append(large, to: request.target)
            return .reply(Reply(201, [("Range", "0-0"), ("Location", request.target)]))
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(identity.digest.description == FakeRegistry.digest(large))
        #expect(registry.requests("PATCH").count == 1)
    }

    /// A registry that refuses streams gets chunks; streaming is tried only once.
    @Test(arguments: [404, 405, 411, 501]) func refusedStreamBecomesChunks(status: Int) throws {
        let registry = try FakeRegistry { request in
            request.method == "PATCH" && request[header: "Content-Range"] == nil
                ? .replyEarly(FakeRegistry.error(status, "UNSUPPORTED")) : .proceed
        }
        let client = try testClient()
        let repository = try registry.repository("a/b", client)
        let identity = try repository.writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        let ranges = registry.requests("PATCH").map { $0[header: "Content-Range"] }
        #expect(ranges == [nil, "0-16777215", "16777216-25165823"])
        let other = Array(large.reversed())
        _ = try repository.writeBlob(StreamSource(other), mountFrom: [])
        #expect(registry.requests("PATCH").count { $0[header: "Content-Range"] == nil } == 1)
        #expect(registry.store.uploads.isEmpty)
    }

    /// GHCR accepts chunks of at most 4 MiB: the size is halved until it fits.
    @Test func chunkTooLargeIsHalved() throws {
        let registry = try FakeRegistry { request in
            if request.method != "PATCH" { return .proceed }
            let length = request[header: "Content-Length"].flatMap { Int($0) } ?? .max
            return length > 4 << 20 ? .replyEarly(Reply(413)) : .proceed
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        let sizes = registry.requests("PATCH").map { $0.body.count }.filter { $0 > 0 }
        #expect(sizes == [4, 4, 4, 4, 4, 4].map { $0 << 20 })
        #expect(registry.store.uploads.isEmpty)
    }

    /// GAR accepts no chunks: a blob that is still in memory is sent by one PUT.
    @Test func nothingButPut() throws {
        let registry = try FakeRegistry { request in
            request.method == "PATCH"
                ? .replyEarly(FakeRegistry.error(405, "UNSUPPORTED")) : .proceed
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        #expect(registry.requests("PUT").map { $0.body.count } == [large.count])
        #expect(registry.store.uploads.isEmpty)
    }

    @Test func nothingButPutAndTooLarge() throws {
        let registry = try FakeRegistry { request in
            request.method == "PATCH"
                ? .replyEarly(FakeRegistry.error(405, "UNSUPPORTED")) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().writeBlob(StreamSource(larger), mountFrom: [])
        }
        #expect(error?.exitStatus == .unavailable)
        #expect(error?.message.contains("UNSUPPORTED: as the test wants") == true)
        #expect(registry.requests("PUT").isEmpty)
        #expect(registry.store.uploads.isEmpty)
    }

    /// All chunks but the last have at least the registry's minimum.
    @Test func chunkMinimum() throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "POST" else { return .proceed }
            let answer = FakeRegistry.handle(request, store)
            return .reply(
                Reply(202, answer.headers + [("OCI-Chunk-Min-Length", "\(10 << 20)")]))
        }
        let client = try testClient { $0.chunkSize = 6 << 20 }
        let identity = try registry.repository("a/b", client).writeBlob(
            StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
        #expect(registry.requests("PATCH").map { $0.body.count } == [10 << 20, 10 << 20, 4 << 20])
    }

    /// A source that fails ends the upload without a digest, with the source's error.
    @Test(arguments: [5000, 24 << 20, 56 << 20]) func cutSource(_ size: Int) throws {
        let bytes = larger.prefix(size)
        let registry = try FakeRegistry()
        #expect(throws: StreamSource.Cut.self) {
            try registry.repository().writeBlob(
                StreamSource(Array(bytes), isCut: true), mountFrom: [])
        }
        #expect(registry.requests("PUT").isEmpty)
        #expect(registry.requests("DELETE").count == registry.requests("POST").count)
        #expect(registry.store.uploads.isEmpty)
        #expect(registry.store.blobs.isEmpty)
    }

    /// A DELETE that fails is not reported.
    @Test func failingCancellation() throws {
        let registry = try FakeRegistry { request in
            request.method == "DELETE" ? .reset(after: 0) : .proceed
        }
        #expect(throws: StreamSource.Cut.self) {
            try registry.repository().writeBlob(StreamSource(large, isCut: true), mountFrom: [])
        }
        #expect(registry.requests("PUT").isEmpty)
    }

    /// 202 opens an upload, which is used or cancelled.
    @Test func mountThatOpensAnUpload() throws {
        let registry = try FakeRegistry()
        let repository = try registry.repository()
        _ = try repository.writeBlob(StreamSource(small), mountFrom: ["other/one", "other/two"])
        #expect(registry.store.uploads.isEmpty)
        #expect(registry.requests("POST").allSatisfy { $0[query: "from"] != nil })
        #expect(registry.requests("DELETE").count == 1)
    }

    @Test(arguments: [400, 401, 403, 404, 405]) func mountThatIsRefused(status: Int) throws {
        let registry = try FakeRegistry { request in
            request[query: "mount"] == nil
                ? .proceed : .reply(FakeRegistry.error(status, "NAME_UNKNOWN"))
        }
        let identity = try registry.repository().writeBlob(
            StreamSource(small), mountFrom: ["other/one"])
        #expect(registry.store.blobs[identity.digest.description] == small)
    }

    @Test func mountThatWorks() throws {
        let registry = try FakeRegistry { request in
            request[query: "mount"] == nil
                ? .proceed : .reply(Reply(201, [("Location", "/v2/a/b/blobs/x")]))
        }
        _ = try registry.repository().writeBlob(StreamSource(small), mountFrom: ["other/one"])
        #expect(
            registry.lines.last
                == "POST /v2/a/b/blobs/uploads/?mount="
                + percentEncoded(FakeRegistry.digest(small)) + "&from=other%2Fone")
    }

    /// A registry that confirms another digest is an error.
    @Test func anotherDigestConfirmed() throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT"
                ? .reply(
                    Reply(201, [("Docker-Content-Digest", FakeRegistry.digest([1]))])) : .proceed
        }
        let error = #expect(throws: RegistryError.self) {
            try registry.repository().writeBlob(StreamSource(small), mountFrom: [])
        }
        #expect(error?.exitStatus == .protocolError)
    }

    /// JFrog needs PATCH.
    @Test func nothingButPatch() throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT" && request[header: "Content-Length"] != "0"
                ? .replyEarly(FakeRegistry.error(405, "UNSUPPORTED")) : .proceed
        }
        let client = try testClient()
        let repository = try registry.repository("a/b", client)
        let identity = try repository.writeBlob(StreamSource(small), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == small)
        _ = try repository.writeBlob(MemoryBlob([1, 2]), mountFrom: [])
        #expect(registry.requests("PUT").count { $0[header: "Content-Length"] != "0" } == 1)
        #expect(registry.store.uploads.isEmpty)
    }

    /// A proxy with a limit of 100 MB is recognised by its headers.
    @Test func proxyThatIsKnownToLimitBodies() throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "POST" else { return .proceed }
            let answer = FakeRegistry.handle(request, store)
            return .reply(Reply(202, answer.headers + [("CF-RAY", "1")]))
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
        #expect(registry.requests("PATCH").map { $0.body.count } == [16 << 20, 8 << 20])
    }

    /// HTTP/1.0 has no bodies of unknown length.
    @Test func oldHTTP() throws {
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "POST" || request.path == "/v2/" else { return .proceed }
            let answer = FakeRegistry.handle(request, store)
            let fields = answer.headers.map { "\($0.0): \($0.1)\r\n" }.joined()
            return .raw("HTTP/1.0 \(answer.status) Old\r\n\(fields)\r\n")
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
    }

    @Test func severalAtOnce() async throws {
        let registry = try FakeRegistry()
        let client = try testClient()
        let repository = try registry.repository("a/b", client)
        try await withThrowingTaskGroup(of: BlobIdentity.self) { group in
            for seed in 1...6 {
                group.addTask {
                    let bytes = pseudoRandomBytes(seed << 20, seed: UInt64(seed))
                    return try repository.writeBlob(StreamSource(bytes), mountFrom: [])
                }
            }
            for try await identity in group {
                #expect(registry.store.blobs[identity.digest.description] != nil)
            }
        }
    }

    @Test func progress() throws {
        let registry = try FakeRegistry()
        let events = Recorder<TransferEvent>()
        let client = try testClient { $0.progress = { events.add($0) } }
        _ = try registry.repository("a/b", client).writeBlob(StreamSource(large), mountFrom: [])
        #expect(events.all.last?.state == .finished)
        #expect(events.all.last?.byteCount == Int64(large.count))
        #expect(Set(events.all.map(\.identifier)).count == 1)
    }

    @Test func announcedBlobThatIsSomethingElse() throws {
        final class Liar: BlobSource {
            let inner = HashingSource(MemorySource(small))
            let announced: BlobIdentity?
            var identity: BlobIdentity { inner.identity }
            init(_ announced: BlobIdentity) { self.announced = announced }
            func rewind() -> Bool { false }
            func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
                try inner.read(into: buffer)
            }
        }
        for (digest, size) in [(Digest.of([1]), 5000), (.of(small), 4999), (.of(small), 5001)] {
            let registry = try FakeRegistry()
            #expect(throws: VerificationError.self) {
                try registry.repository().writeBlob(
                    Liar(BlobIdentity(digest: digest, size: Int64(size))), mountFrom: [])
            }
            #expect(registry.store.blobs.isEmpty)
            #expect(registry.store.uploads.isEmpty)
        }
    }
}

/// A client whose only credentials are `user:secret-word` for `host`.
func authenticatedClient(
    _ directory: TemporaryDirectory, _ host: String,
    _ edit: (inout RegistryOptions) -> Void = { _ in }
) throws -> RegistryClient {
    let auth = "dXNlcjpzZWNyZXQtd29yZA=="
    try directory.write("auth.json", #"{"auths":{"\#(host)":{"auth":"\#(auth)"}}}"#)
    return try testClient { options in
        options.authFile = Path("\(directory.path)/auth.json")
        edit(&options)
    }
}

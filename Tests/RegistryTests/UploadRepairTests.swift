import ByteStream
import Hashing
import OCI
import Testing

@testable import Registry

private let large = pseudoRandomBytes(24 << 20)
private let larger = pseudoRandomBytes(56 << 20)

/// Uploads that break, or whose offset differs from ours.
@Suite struct UploadRepairTests {
    /// A broken PATCH continues at the registry's offset, in the same upload.
    @Test(arguments: [0, 1 << 20, 20 << 20]) func brokenStream(kept: Int) throws {
        let store = FakeRegistry.Store()
        let counter = Counter()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PATCH", counter.next() == 0 else { return .proceed }
            let target = request.target
            return .reset(after: 22 << 20) { store.append(Array($0.prefix(kept)), to: target) }
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
        #expect(registry.requests("POST").count == (kept == 0 ? 2 : 1))
        let ranges = registry.requests("PATCH").compactMap { $0[header: "Content-Range"] }
        #expect(ranges.first?.hasPrefix("\(kept)-") ?? (kept == 0))
        // A used URL is never sent to again from the beginning.
        let targets = registry.requests("PATCH").map(\.target)
        #expect(Set(targets).count == targets.count)
        #expect(store.uploads.isEmpty)
    }

    /// The same after more bytes than the window holds: repaired if the registry kept enough.
    @Test func brokenLongStream() throws {
        let store = FakeRegistry.Store()
        let counter = Counter()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PATCH", counter.next() == 0 else { return .proceed }
            let target = request.target
            return .reset(after: 45 << 20) { store.append(Array($0.prefix(30 << 20)), to: target) }
        }
        let identity = try registry.repository().writeBlob(StreamSource(larger), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == larger)
        #expect(registry.requests("POST").count == 1)
    }

    @Test func lostBytesAreAnErrorUnlessTheSourceRewinds() throws {
        for canRewind in [false, true] {
            let counter = Counter()
            let registry = try FakeRegistry { request in
                guard request.method == "PATCH", counter.next() == 0 else { return .proceed }
                return .reset(after: 50 << 20)
            }
            let source = StreamSource(larger, canRewind: canRewind)
            if canRewind {
                let identity = try registry.repository().writeBlob(source, mountFrom: [])
                #expect(registry.store.blobs[identity.digest.description] == larger)
            } else {
                let error = #expect(throws: RegistryError.self) {
                    try registry.repository().writeBlob(source, mountFrom: [])
                }
                #expect(error?.exitStatus == .temporary)
                #expect(registry.requests("PUT").isEmpty)
            }
            #expect(registry.store.uploads.isEmpty)
        }
    }

    @Test func brokenPutOfAnAnnouncedBlob() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            guard request.method == "PUT", counter.next() == 0 else { return .proceed }
            return .reset(after: 10 << 20)
        }
        let identity = try registry.repository().writeBlob(MemoryBlob(larger), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == larger)
        #expect(registry.store.uploads.isEmpty)
    }

    /// 401 at the closing PUT is answered with a new token, and nothing is sent twice.
    @Test func expiredTokenAtTheEnd() throws {
        let tokens = Counter()
        let registry = try FakeRegistry { request in
            if request.path == "/token" {
                return .reply(Reply(200, text: #"{"token":"token-\#(tokens.next())"}"#))
            }
            let realm = "http://\(request[header: "Host"] ?? "")/token"
            let expected = request.method == "PUT" ? "Bearer token-1" : "Bearer token-0"
            if request[header: "Authorization"] == expected { return .proceed }
            return .reply(
                Reply(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"s\"")]))
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        #expect(registry.requests("PATCH").count == 1)
        #expect(registry.requests("PUT").map { $0.body.count } == [0, 0])
        #expect(registry.requests("PATCH").allSatisfy { $0[header: "Authorization"] != nil })
    }

    @Test func expiredTokenAtThePatch() throws {
        let tokens = Counter()
        let registry = try FakeRegistry { request in
            if request.path == "/token" {
                return .reply(Reply(200, text: #"{"access_token":"token-\#(tokens.next())"}"#))
            }
            let realm = "http://\(request[header: "Host"] ?? "")/token"
            let expected = request.method == "POST" ? "Bearer token-0" : "Bearer token-1"
            if request[header: "Authorization"] == expected { return .proceed }
            if request.method == "POST", tokens.count > 1 { return .proceed }
            return .replyEarly(
                Reply(401, [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"s\"")]))
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        #expect(registry.store.uploads.isEmpty)
    }

    /// The answer to the closing PUT may be lost after the blob was stored.
    @Test func lostConfirmation() throws {
        let store = FakeRegistry.Store()
        let counter = Counter()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PUT", counter.next() == 0 else { return .proceed }
            _ = FakeRegistry.handle(request, store)
            return .reset(after: 0)
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
        #expect(registry.requests("PATCH").count == 1)
        #expect(registry.requests("PUT").allSatisfy { $0.body.isEmpty })
    }

    /// The same for the PUT of a whole blob.
    @Test func lostConfirmationOfAWhole() throws {
        let blob = Array("small".utf8)
        let store = FakeRegistry.Store()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PUT" else { return .proceed }
            return .reset(after: blob.count) {
                store.append(Array($0), to: request.target)
                _ = FakeRegistry.handle(request, store)
            }
        }
        let identity = try registry.repository().writeBlob(StreamSource(blob), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == blob)
        #expect(registry.requests("PUT").count == 1)
        #expect(registry.requests("POST").count == 1)
    }

    @Test func uploadThatIsForgottenHalfWay() throws {
        let counter = Counter()
        let registry = try FakeRegistry { request in
            request.method == "PATCH" && counter.next() == 1
                ? .reply(FakeRegistry.error(404, "BLOB_UPLOAD_UNKNOWN")) : .proceed
        }
        let client = try testClient { $0.chunkSize = 8 << 20 }
        let identity = try registry.repository("a/b", client).writeBlob(
            StreamSource(large), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == large)
        #expect(registry.requests("POST").count == 2)
        #expect(registry.requests("PATCH").count == 5)
    }

    /// A part that was not stored, although the status is a success, is sent again.
    @Test func halfTakenChunk() throws {
        let store = FakeRegistry.Store()
        let counter = Counter()
        let registry = try FakeRegistry(store) { request in
            guard request.method == "PATCH", counter.next() == 0 else { return .proceed }
            let target = request.target
            store.append(Array(large.prefix(10 << 20)), to: target)
            return .reply(Reply(202, [("Range", "0-\((10 << 20) - 1)"), ("Location", target)]))
        }
        let identity = try registry.repository().writeBlob(StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
    }

    @Test func offsetThatIsAnother() throws {
        let store = FakeRegistry.Store()
        let counter = Counter()
        let registry = try FakeRegistry(store) { request in
            if request.method == "PATCH", counter.next() == 1 {
                // The registry lost the last MiB of the first chunk.
                store.state.withLock {
                    $0.uploads[FakeRegistry.uploadKey(request.target)]?.removeLast(1 << 20)
                }
            }
            return .proceed
        }
        let client = try testClient { $0.chunkSize = 8 << 20 }
        let identity = try registry.repository("a/b", client).writeBlob(
            StreamSource(large), mountFrom: [])
        #expect(store.blobs[identity.digest.description] == large)
        #expect(registry.requests("POST").count == 1)
    }
}

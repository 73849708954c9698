import Hashing
import OCI
import Testing

@testable import Registry

private let bytes = Array("the bytes of a blob".utf8)
private let digest = Digest.of(bytes)
private let page = ("Content-Type", "text/html; charset=utf-8")

private func head(
    _ headers: [(String, String)], size: Int64? = Int64(bytes.count)
) -> ContentProof {
    ContentProof(
        ofHead: HTTPResponse(status: 200, headers: HTTPHeaders(headers)), digest, size: size)
}

private func stored(_ status: Int, _ headers: [(String, String)]) -> ContentProof {
    ContentProof(
        ofStoring: HTTPResponse(status: status, headers: HTTPHeaders(headers)), digest)
}

private func isContradicted(_ proof: ContentProof) -> Bool {
    if case .contradicted = proof { return true }
    return false
}

private func isBlob(_ request: ServedRequest) -> Bool { request.path.contains("/blobs/sha256:") }

@Suite struct ContentProofTests {
    @Test func heads() {
        let stated = ("Docker-Content-Digest", digest.description)
        let length = ("Content-Length", "\(bytes.count)")
        #expect(head([stated]) == .proved)
        #expect(head([length]) == .proved)
        #expect(head([stated, page]) == .proved)
        #expect(head([]) == .open)
        #expect(head([length], size: nil) == .open)
        // A proxy that compresses announces the uncompressed length.
        #expect(head([("Content-Length", "5"), ("Content-Encoding", "gzip")]) == .open)
        #expect(head([("Docker-Content-Digest", "sha256:../x")]) == .open)
        let longer = Digest.of(bytes, algorithm: .sha512).description
        #expect(head([("Docker-Content-Digest", longer)]) == .open)
        #expect(isContradicted(head([("Content-Length", "5")])))
        #expect(isContradicted(head([stated, ("Content-Length", "0")])))
        #expect(isContradicted(head([("Docker-Content-Digest", "\(Digest.of([]))"), length])))
        #expect(isContradicted(head([page, length])))
    }

    @Test func puts() {
        let stated = ("Docker-Content-Digest", digest.description)
        let place = ("Location", "/v2/a/blobs/x")
        #expect(stored(201, [stated]) == .proved)
        #expect(stored(201, [place]) == .proved)
        #expect(stored(201, []) == .open)
        #expect(stored(200, [stated]) == .open)
        #expect(stored(204, [place]) == .open)
        #expect(isContradicted(stored(201, [("Docker-Content-Digest", "\(Digest.of([]))")])))
        #expect(isContradicted(stored(200, [page])))
        #expect(isContradicted(stored(201, [page, place])))
    }

    /// A captive portal answers everything with a page.
    @Test func portal() throws {
        let registry = try FakeRegistry { _ in .reply(Reply(200, [page], text: "<!doctype html>")) }
        let repository = try registry.repository()
        for attempt: () throws -> Void in [
            { _ = try repository.writeBlob(MemoryBlob(bytes), mountFrom: []) },
            { try repository.putManifest(emptyManifest(), tag: "x") },
            { _ = try repository.manifest(.tag("x")) }, { _ = try repository.hasBlob(digest) },
            { _ = try repository.blobSize(digest) },
        ] {
            let error = #expect(throws: RegistryError.self) { try attempt() }
            #expect(error?.exitStatus == .protocolError)
        }
    }

    /// Success without proof: the content is read again.
    @Test(arguments: [200, 202, 204]) func answersWithoutProof(status: Int) throws {
        let registry = try FakeRegistry { request in
            request.method == "PUT" ? .reply(Reply(status)) : .proceed
        }
        let repository = try registry.repository()
        let error = #expect(throws: RegistryError.self) {
            try repository.writeBlob(MemoryBlob(bytes), mountFrom: [])
        }
        #expect(error?.exitStatus == .protocolError)
        let other = #expect(throws: RegistryError.self) {
            try repository.putManifest(emptyManifest(), tag: "x")
        }
        #expect(other?.exitStatus == .protocolError)
        #expect(registry.requests("GET").contains { $0.path.hasSuffix("/manifests/x") })
    }

    /// Object stores send few headers: the bytes are read again, and hashed.
    @Test(arguments: [true, false]) func headWithoutHeaders(isRight: Bool) throws {
        let registry = try FakeRegistry { request in
            guard isBlob(request) else { return .proceed }
            let body = isRight ? bytes : Array("other bytes than those".utf8)
            return request.method == "HEAD"
                ? .raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                : .reply(Reply(200, [], body))
        }
        let repository = try registry.repository()
        let descriptor = Descriptor(
            mediaType: .octetStream, digest: digest, size: Int64(bytes.count))
        if isRight {
            #expect(try repository.hasBlobBeforePush(descriptor))
            #expect(try repository.blobSize(digest) == Int64(bytes.count))
        } else {
            let error = #expect(throws: RegistryError.self) {
                try repository.hasBlobBeforePush(descriptor)
            }
            #expect(error?.exitStatus == .protocolError)
        }
    }

    /// Storage URLs that are signed for GET only: the blob must be sent.
    @Test func headIsNotAnswered() throws {
        let registry = try FakeRegistry { request in
            if request.path == "/storage" { return .reply(Reply(403)) }
            return request.method == "HEAD" && isBlob(request)
                ? .reply(Reply(307, [("Location", "/storage?sig=x")])) : .proceed
        }
        let identity = try registry.repository().writeBlob(MemoryBlob(bytes), mountFrom: [])
        #expect(registry.store.blobs[identity.digest.description] == bytes)
    }
}

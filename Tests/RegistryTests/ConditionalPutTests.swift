import ByteStream
import OCI
import Testing

@testable import Registry

private func isPut(_ request: ServedRequest) -> Bool {
    request.method == "PUT" && request.path.contains("/manifests/")
}

/// A registry whose manifests have an entity tag; `entityTag` makes it of the digest.
private func registry(
    entityTag: @escaping @Sendable (String) -> String? = { "\"\($0)\"" },
    put: @escaping @Sendable (ServedRequest, FakeRegistry.Store) -> Action = { _, _ in .proceed }
) throws -> FakeRegistry {
    let store = FakeRegistry.Store()
    return try FakeRegistry(store) { request in
        if isPut(request) { return put(request, store) }
        guard request.path.contains("/manifests/") else { return .proceed }
        var answer = FakeRegistry.handle(request, store)
        let digest = answer.headers.first { $0.0 == "Docker-Content-Digest" }?.1
        if let tag = digest.flatMap(entityTag) { answer.headers.append(("ETag", tag)) }
        return .reply(answer)
    }
}

/// The expected state of the tag was not found.
private struct Moved: Error {}

private func expecting(_ expected: Digest?) -> (Digest?) throws -> Void {
    { if $0 != expected { throw Moved() } }
}

private func manifest(_ text: String) -> RawManifest {
    let bytes = Array(text.utf8)
    return RawManifest(bytes: bytes, mediaType: .manifest)
}

private let old = manifest(#"{"schemaVersion":2,"x":"old"}"#)
private let new = manifest(#"{"schemaVersion":2,"x":"new"}"#)

@Suite struct ConditionalPutTests {
    @Test func conditionIsSent() throws {
        let registry = try registry()
        let repository = try registry.repository()
        try repository.publish([Publication(old, tag: "x", check: expecting(nil))])
        try repository.publish([Publication(new, tag: "x", check: expecting(old.digest))])
        try repository.publish([Publication(new, tag: "x")])
        let puts = registry.requests("PUT")
        #expect(puts.map { $0[header: "If-None-Match"] } == ["*", nil, nil])
        #expect(puts.map { $0[header: "If-Match"] } == [nil, "\"\(old.digest)\"", nil])
    }

    /// A weak entity tag matches nothing, and a missing one cannot be required.
    @Test(arguments: [nil, "", "W/\"x\"", "\"", "x"]) func nothingToCompare(tag: String?) throws {
        let registry = try registry(entityTag: { _ in tag })
        let repository = try registry.repository()
        try repository.putManifest(old, tag: "x")
        try repository.publish([Publication(new, tag: "x", check: expecting(old.digest))])
        #expect(registry.requests("PUT").allSatisfy { $0[header: "If-Match"] == nil })
        #expect(try repository.manifestDigest(.tag("x")) == new.digest)
    }

    @Test func checkThatThrowsSendsNothing() throws {
        let registry = try registry()
        let repository = try registry.repository()
        try repository.putManifest(old, tag: "x")
        #expect(throws: Moved.self) {
            try repository.publish([Publication(new, tag: "x", check: expecting(nil))])
        }
        #expect(registry.requests("PUT").count == 1)
    }

    /// Another client writes between the check and the PUT: the registry refuses, and the tag
    /// stays.
    @Test func movedMeanwhile() throws {
        let other = manifest(#"{"schemaVersion":2,"x":"other"}"#)
        let registry = try registry(put: { request, store in
            guard request[header: "If-Match"] != nil else { return .proceed }
            store.state.withLock {
                $0.manifests["x"] = (MediaType.manifest.rawValue, other.bytes)
            }
            return .reply(Reply(412))
        })
        let repository = try registry.repository()
        try repository.putManifest(old, tag: "x")
        #expect(throws: Moved.self) {
            try repository.publish([Publication(new, tag: "x", check: expecting(old.digest))])
        }
        #expect(try repository.manifestDigest(.tag("x")) == other.digest)
        #expect(registry.requests("PUT").count == 2)
    }

    /// The answer is lost after the tag moved: the second try finds the tag in its new place.
    @Test func lostAnswer() throws {
        let counter = Counter()
        let registry = try registry(put: { request, store in
            guard request[header: "If-Match"] != nil else { return .proceed }
            guard counter.next() == 0 else { return .reply(Reply(412)) }
            return .reset(after: new.bytes.count) { body in
                store.state.withLock {
                    $0.manifests["x"] = (MediaType.manifest.rawValue, body)
                }
            }
        })
        let repository = try registry.repository()
        try repository.putManifest(old, tag: "x")
        try repository.publish([Publication(new, tag: "x", check: expecting(old.digest))])
        #expect(registry.requests("PUT").count == 3)
        #expect(try repository.manifestDigest(.tag("x")) == new.digest)
    }

    /// 412 although the tag is right: only the checks count, as elsewhere.
    @Test func conditionThatIsMisunderstood() throws {
        let registry = try registry(put: { request, _ in
            request[header: "If-Match"] != nil ? .reply(Reply(412)) : .proceed
        })
        let repository = try registry.repository()
        try repository.putManifest(old, tag: "x")
        try repository.publish([Publication(new, tag: "x", check: expecting(old.digest))])
        #expect(try repository.manifestDigest(.tag("x")) == new.digest)
    }
}

import ByteStream
import OCI
import Testing

@testable import Registry

/// Deletion of tags and manifests, with every kind of answer.
@Suite struct DeletionTests {
    private let manifest = emptyManifest()

    /// A registry with two tags of one manifest.
    ///
    /// - Parameters:
    /// - tagReply: the answer to DELETE of a tag; nil deletes it.
    /// - digestReply: the answer to DELETE of the n-th digest; nil deletes it.
    private func registry(
        tagReply: Reply?, digestReply: @escaping @Sendable (Int) -> Reply? = { _ in nil }
    ) throws -> FakeRegistry {
        let count = Guarded(0)
        let registry = try FakeRegistry { request in
            guard request.method == "DELETE", request.path.contains("/manifests/") else {
                return .proceed
            }
            let isTag = !request.path.contains("sha256:")
            let reply =
                isTag
                ? tagReply
                : digestReply(
                    count.withLock {
                        $0 += 1
                        return $0
                    })
            return reply.map { .reply($0) } ?? .proceed
        }
        let repository = try registry.repository()
        for tag in ["one", "two"] { try repository.putManifest(manifest, tag: tag) }
        return registry
    }

    private func digest(_ tag: String, _ registry: FakeRegistry) throws -> Digest? {
        try registry.repository().manifestDigest(.tag(tag))
    }

    @Test func aRegistryThatDeletesTags() throws {
        let registry = try registry(tagReply: nil)
        #expect(try registry.repository().deleteTags(["one"]) == 1)
        #expect(registry.requests("DELETE").count == 1)
        #expect(registry.requests("PUT").count == 2)
        #expect(try digest("one", registry) == nil)
        #expect(try digest("two", registry) == manifest.digest)
    }

    /// Answers that tags cannot be deleted, and success without an effect.
    @Test(arguments: [400, 404, 405, 501, 200, 202])
    func aRegistryThatDeletesManifestsOnly(status: Int) throws {
        let registry = try registry(tagReply: Reply(status))
        #expect(try registry.repository().deleteTags(["one"]) == 1)
        #expect(registry.requests("DELETE").count == 3)
        #expect(try digest("one", registry) == nil)
        #expect(try digest("two", registry) == manifest.digest)
        #expect(try registry.repository().manifest(.digest(manifest.digest)) == manifest)
    }

    @Test(arguments: [400, 405, 501])
    func deletionThatIsSwitchedOff(status: Int) throws {
        let registry = try registry(tagReply: Reply(status)) { _ in Reply(status) }
        func refused(_ error: any Error) -> Bool {
            if case RegistryError.deletionRefused? = error as? RegistryError { true } else { false }
        }
        #expect {
            _ = try registry.repository().deleteTags(["one"])
        } throws: {
            refused($0)
        }
        #expect {
            _ = try registry.repository().deleteManifest(manifest.digest)
        } throws: {
            refused($0)
        }
        #expect(try digest("one", registry) == manifest.digest)
    }

    /// 403 is about the client; the tag stays, and no manifest is put under it.
    @Test func deletionThatIsDenied() throws {
        for denied in [FakeRegistry.error(403, "DENIED"), FakeRegistry.error(401, "UNAUTHORIZED")] {
            let registry = try registry(tagReply: denied) { _ in denied }
            for delete in [
                { try $0.deleteTags(["one"]) == 1 }, { try $0.deleteManifest(manifest.digest) },
            ]
                as [(RegistryRepository) throws -> Bool]
            {
                #expect {
                    _ = try delete(registry.repository())
                } throws: {
                    ($0 as? RegistryError)?.exitStatus == .denied
                }
            }
            #expect(registry.requests("PUT").count == 2)
            #expect(try digest("one", registry) == manifest.digest)
        }
    }

    /// Manifests stay although the answer says otherwise: the tag is restored.
    @Test(arguments: [1, 2], [200, 202, 404])
    func deletionWithoutEffect(working: Int, status: Int) throws {
        let registry = try registry(tagReply: Reply(405)) { $0 < working ? nil : Reply(status) }
        #expect {
            _ = try registry.repository().deleteTags(["one"])
        } throws: {
            ($0 as? RegistryError)?.exitStatus == .protocolError
        }
        #expect(try digest("one", registry) == manifest.digest)
        #expect(try digest("two", registry) == manifest.digest)
    }

    @Test func whatIsNotThere() throws {
        let registry = try registry(tagReply: nil)
        let repository = try registry.repository()
        #expect(try repository.deleteTags(["three"]) == 0)
        #expect(registry.requests("DELETE").isEmpty)
        #expect(try repository.deleteManifest(manifest.digest))
        #expect(try !repository.deleteManifest(manifest.digest))
        #expect(try digest("two", registry) == nil)
    }
}
